"""Initialisers of the papers; a function each, since a Keras initialiser repeats its draw."""

import keras


def normal_kernel():
    """N(0, 0.02), the kernels of DCGAN and of all that follows it."""
    return keras.initializers.RandomNormal(stddev=0.02)


def normal_gain():
    """N(1, 0.02), the batch-norm gains of DCGAN."""
    return keras.initializers.RandomNormal(mean=1.0, stddev=0.02)
