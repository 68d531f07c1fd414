"""Distances between a prediction and its target, one float32 number per example."""

from keras import ops

from tfgan_suite.losses.per_example import as_float, mean_per_example


def l1(target, prediction):
    """Mean absolute difference of each example: two `[batch, ...]` to `[batch]`."""
    return mean_per_example(ops.absolute(as_float(prediction) - as_float(target)))


def l2(target, prediction):
    """Mean squared difference of each example (no 1/2): two `[batch, ...]` to `[batch]`."""
    return mean_per_example(ops.square(as_float(prediction) - as_float(target)))
