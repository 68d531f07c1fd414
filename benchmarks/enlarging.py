"""Figures of enlarged images whose truth is known, and what needs no network."""

import numpy as np
import tensorflow as tf

from tfgan_suite.metrics import PerceptualDistance, luma_psnr, luma_ssim, to_uint8


def nearest(images: np.ndarray, scale: int) -> np.ndarray:
    """Returns images `[N, H, W, C]` with each pixel repeated."""
    return images.repeat(scale, axis=1).repeat(scale, axis=2)


def bicubic(images: np.ndarray, scale: int) -> np.ndarray:
    """Returns images `[N, H, W, C]` in [-1, 1] through Keys' bicubic filter (a = -0.5)."""
    size = [scale * side for side in images.shape[1:3]]
    made = tf.image.resize(images, size, "bicubic", antialias=True)
    return np.clip(made.numpy(), -1, 1)


def sharpness(images: np.ndarray) -> np.ndarray:
    """Returns each image's mean gradient, `[N]`: of neighbours' luma, in grey levels."""
    y = images.mean(axis=-1) * 127.5
    return (np.abs(np.diff(y, axis=1)).mean((1, 2)) + np.abs(np.diff(y, axis=2)).mean((1, 2))) / 2


def figures(enlarged: np.ndarray, truth: np.ndarray, distance) -> dict[str, np.ndarray]:
    """Returns each image's figures, `[N]` by metric.

    Args:
        enlarged, truth: images `[N, H, W, C]` in [-1, 1].
        distance: function from two batches of images to distances `[B]`.
    """
    levels = to_uint8(enlarged), to_uint8(truth)
    # One by one: features of large images take much memory.
    distances = [distance(enlarged[i : i + 1], truth[i : i + 1])[0] for i in range(len(truth))]
    return {
        "y_psnr": luma_psnr(*levels),
        "y_ssim": luma_ssim(*levels),
        PerceptualDistance.name: np.array(distances),
        "sharpness": sharpness(enlarged),
    }
