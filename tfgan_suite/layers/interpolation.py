"""The way from one tensor to another."""

import keras


@keras.saving.register_keras_serializable(package="tfgan_suite")
class Interpolation(keras.layers.Layer):
    """`(1 - alpha) * begin + alpha * end`: how a new part of a growing network fades in.

    Inputs: `[begin, end, alpha]`, two tensors of one shape and a scalar in [0, 1].

    Example:

    >>> float(Interpolation()([tf.constant(2.0), tf.constant(4.0), tf.constant(0.25)]))
    2.5
    """

    def call(self, inputs):
        begin, end, alpha = inputs
        return begin + (end - begin) * keras.ops.cast(alpha, begin.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape[0]
