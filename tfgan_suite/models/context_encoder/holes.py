"""Holes of any shape, drawn anew for each image."""

import numpy as np
import tensorflow as tf

CELLS = 8
"""Side of the grid of random numbers that a hole is made of."""

HIDDEN = 0.25
"""Share of an image's pixels that is hidden."""


def random_regions(numbers, size: int) -> tf.Tensor:
    """Returns holes of several regions: where random numbers, smoothly enlarged, are lowest.

    The authors' `train_random.lua` enlarges a grid by cubic convolution, too, 7.7 cells for the
    side of an image, and hides where it is below 0.25, which is 20 to 30 % of the pixels; there all
    images of a batch share a hole. Here each has its own, of a quarter of the pixels.

    Args:
        numbers: float32 `[B, CELLS, CELLS]`, uniform.
        size: int. Side of the images.

    Returns:
        bool `[B, size, size, 1]`, true in the hole.

    Example:

    >>> holes = random_regions(tf.random.stateless_uniform([2, 8, 8], [0, 1]), 32)
    >>> holes.shape, tf.reduce_sum(tf.cast(holes, tf.int32), axis=[1, 2, 3]).numpy().tolist()
    (TensorShape([2, 32, 32, 1]), [256, 256])
    """
    enlarge = _cubic(size, CELLS)
    smooth = tf.einsum("yi,bij,xj->byx", enlarge, numbers, enlarge)
    flat = tf.reshape(smooth, [-1, size * size])
    highest = tf.sort(flat, axis=1)[:, round(HIDDEN * size * size) - 1]
    return tf.reshape(flat <= highest[:, None], [-1, size, size, 1])


def _cubic(num, of):
    """Returns what each of `num` places takes of each of `of` over the same length (Keys, 1981)."""
    centres = (np.arange(num) + 0.5) * of / num - 0.5
    away = np.abs(centres[:, None] - np.arange(of))
    near = 1.5 * away**3 - 2.5 * away**2 + 1
    far = -0.5 * away**3 + 2.5 * away**2 - 4 * away + 2
    weights = np.where(away < 1, near, np.where(away < 2, far, 0))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
