"""Images as levels, and the likelihood of levels under logits."""

import numpy as np
import tensorflow as tf


def to_levels(images, num_levels: int):
    """Returns the nearest levels, int32 0 to `num_levels - 1`, of images in [-1, 1]."""
    scaled = (tf.cast(images, tf.float32) + 1.0) * ((num_levels - 1) / 2.0)
    return tf.cast(tf.clip_by_value(tf.round(scaled), 0.0, num_levels - 1.0), tf.int32)


def to_images(levels, num_levels: int):
    """Returns float32 images in [-1, 1] of levels."""
    return tf.cast(levels, tf.float32) * (2.0 / (num_levels - 1)) - 1.0


def nats(levels, logits):
    """Returns `-log p(image)` of each image, float32 `[B]`.

    Args:
        levels: int32 `[B, H, W, C]`.
        logits: `[B, H, W, C]` of level 1 against 0, or `[B, H, W, C, levels]`.
    """
    if logits.shape.rank == 4:
        each = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(levels, logits.dtype), logits)
    else:
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(levels, logits)
    return tf.reduce_sum(each, axis=[1, 2, 3])


def bits_per_dimension(nats_per_image, image_shape):
    """Returns nats per image as bits per pixel and colour."""
    return nats_per_image / (float(np.prod(image_shape)) * np.log(2.0))


def draw(logits, uniform):
    """Draws values in [-1, 1], float32 `[B, 1]`, by the inverse of their distribution function.

    Args:
        logits: `[B, 1]` of level 1 against 0, or `[B, levels]`.
        uniform: `[B, 1]` in [0, 1).
    """
    num_levels = logits.shape[-1]
    if num_levels == 1:
        return tf.where(uniform < tf.sigmoid(logits), 1.0, -1.0)
    below = tf.cumsum(tf.nn.softmax(logits), axis=-1)[:, :-1]  # of the last level it is 1
    levels = tf.reduce_sum(tf.cast(below <= uniform, tf.int32), axis=-1, keepdims=True)
    return to_images(levels, num_levels)
