"""Pyramids of images: Gaussian, Laplacian, and of averages."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

_BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / 16


def halved(images: tf.Tensor) -> tf.Tensor:
    """Returns images `[B, H, W, C]` of half the size: a binomial filter of 5 x 5, mirrored borders.

    The filter and the pyramid are those of Burt and Adelson, "The Laplacian Pyramid as a Compact
    Image Code", 1983. Sides are even.
    """
    return _filtered(images, 1.0)[:, ::2, ::2]


def doubled(images: tf.Tensor) -> tf.Tensor:
    """Returns images of twice the size: zeros between the pixels, then the filter."""
    # Each pixel becomes the first of four channels, which are then laid out as 2 x 2 pixels.
    four = tf.concat([images, *[tf.zeros_like(images)] * 3], axis=3)
    return _filtered(tf.nn.depth_to_space(four, 2), 4.0)


def resized(images: tf.Tensor, size: int) -> tf.Tensor:
    """Returns images `[B, H, W, C]` at another size: `[B, size, size, C]`.

    To half and to twice the size by `halved` and `doubled`, to any other linearly, on the way down
    with a filter as wide as the factor asks.
    """
    if images.shape[1] == 2 * size:
        return halved(images)
    if size == 2 * images.shape[1]:
        return doubled(images)
    return tf.image.resize(images, [size, size], "bilinear", antialias=True)


def average_pyramid(clips: tf.Tensor, num_sizes: int) -> list[tf.Tensor]:
    """Returns clips at several sizes, each pixel the mean of 2 x 2 of the next; the smallest first.

    Args:
        clips: float `[B, T, H, W, C]`, H and W multiples of `2 ** (num_sizes - 1)`.
        num_sizes: int. The last are the clips themselves.
    """
    sizes = [clips]
    for _ in range(num_sizes - 1):
        frames, (height, width, channels) = sizes[0].shape[1], sizes[0].shape[2:]
        images = tf.reshape(sizes[0], [-1, height, width, channels])
        small = tf.nn.avg_pool2d(images, 2, 2, "VALID")
        sizes.insert(0, tf.reshape(small, [-1, frames, height // 2, width // 2, channels]))
    return sizes


def laplacian_pyramid(images: tf.Tensor, sizes: Sequence[int]) -> list[tf.Tensor]:
    """Returns what each size adds to the one below it, from the images' size down; last the rest.

    Args:
        images: float `[B, S, S, C]`.
        sizes: ints below S, falling. The last level are the images themselves at the last size.
    """
    levels = []
    for size in sizes:
        small = resized(images, size)
        levels.append(images - resized(small, images.shape[1]))
        images = small
    return [*levels, images]


def from_laplacian_pyramid(levels: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the images of a Laplacian pyramid."""
    images = levels[-1]
    for level in reversed(levels[:-1]):
        images = level + resized(images, level.shape[1])
    return images


def _filtered(images, gain):
    channels = images.shape[3]
    kernel = gain * np.outer(_BINOMIAL, _BINOMIAL)[:, :, None, None]
    kernel = tf.constant(np.repeat(kernel, channels, axis=2), images.dtype)
    num_rows = tf.shape(images)[0]
    if not images.shape[0]:  # TensorFlow neither mirrors nor filters a batch of no images.
        missing = tf.cast(num_rows == 0, tf.int32)
        images = tf.pad(images, [[0, missing], [0, 0], [0, 0], [0, 0]])
    padded = tf.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]], "REFLECT")
    return tf.nn.depthwise_conv2d(padded, kernel, [1, 1, 1, 1], "VALID")[:num_rows]
