"""Gaussian and Laplacian pyramids of images."""

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


def laplacian_pyramid(images: tf.Tensor, smallest: int) -> list[tf.Tensor]:
    """Returns what each size adds to the one below it, from the images' size down; last the rest.

    Args:
        images: float `[B, H, W, C]`, H = W = `smallest` times a power of two.
        smallest: int. Side of the last, the images themselves at that size.
    """
    levels = []
    while images.shape[1] > smallest:
        small = halved(images)
        levels.append(images - doubled(small))
        images = small
    return [*levels, images]


def from_laplacian_pyramid(levels: list[tf.Tensor]) -> tf.Tensor:
    """Returns the images of a Laplacian pyramid."""
    images = levels[-1]
    for level in reversed(levels[:-1]):
        images = level + doubled(images)
    return images


def _filtered(images, gain):
    channels = images.shape[3]
    kernel = gain * np.outer(_BINOMIAL, _BINOMIAL)[:, :, None, None]
    kernel = tf.constant(np.repeat(kernel, channels, axis=2), images.dtype)
    padded = tf.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]], "REFLECT")
    return tf.nn.depthwise_conv2d(padded, kernel, [1, 1, 1, 1], "VALID")
