"""Normalisation of groups of consecutive examples by their own moments."""

import math

import tensorflow as tf

VECTOR = 16
"""float32 numbers in the widest register of a CPU (AVX-512)."""


def normalize_groups(x, group_size, scale, offset, epsilon):
    """Normalises each channel over all positions of each group of `group_size` examples.

    Args:
        x: float tensor `[batch, ..., channels]`; `batch` is a multiple of `group_size`.
        group_size: int or scalar int tensor.
        scale, offset: tensors `[channels]` or None.
        epsilon: float, added to the variance.

    Returns:
        The normalised tensor, the means and the biased variances; the last two are
        `[groups, channels]`.
    """
    _, *sides, channels = x.shape
    positions = tf.reduce_prod(tf.shape(x)[1:-1]) if None in sides else math.prod(sides)
    # All positions of a group on one axis: the form that XLA makes the fastest loops of, twice
    # as fast on CPU as reducing over the axes where they are.
    groups = tf.reshape(x, (-1, group_size * positions, channels))
    mean = tf.reduce_mean(groups, axis=1, keepdims=True)
    # The mean goes first: against a large one the difference of two products would be lost.
    centered = groups - mean
    variance = tf.reduce_mean(tf.square(centered), axis=1, keepdims=True)
    factor = in_whole_vectors(tf.math.rsqrt, variance + epsilon)
    if scale is not None:
        factor *= scale
    normalized = centered * factor
    if offset is not None:
        normalized += offset
    return (
        tf.reshape(normalized, tf.shape(x)),
        tf.squeeze(mean, axis=1),
        tf.squeeze(variance, axis=1),
    )


def in_whole_vectors(function, x):
    """Returns `function(x)` of each number, the same bits wherever a row stands in its batch.

    TensorFlow computes the last few numbers of a tensor, those that do not fill a vector register,
    in another way than the rest: an example's answer would depend on its place in the batch.

    Args:
        function: such as `tf.exp`; defined at 1.
        x: float tensor `[..., channels]`.
    """
    channels = x.shape[-1]
    missing = -channels % VECTOR
    sides = [[0, 0]] * (x.shape.rank - 1)
    padded = tf.pad(x, [*sides, [0, missing]], constant_values=1) if missing else x
    return function(padded)[..., :channels]
