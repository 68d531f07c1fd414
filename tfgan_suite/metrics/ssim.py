"""Structural similarity."""

import numpy as np
from scipy.ndimage import correlate1d

from tfgan_suite.errors import UserInputError

_WINDOW, _DEVIATION = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2


def ssim(
    images: np.ndarray, references: np.ndarray, low: float = -1.0, high: float = 1.0
) -> np.ndarray:
    """Returns each image's structural similarity to a reference: 1 where they are equal.

    From [Wang et al., 2004](https://doi.org/10.1109/TIP.2003.819861): windows of 11 x 11 pixels, a
    Gaussian of standard deviation 1.5, K1 0.01, K2 0.03; the mean over all places where a window
    lies within the image, and over the channels. Papers often mean that of the luminance alone.

    Args:
        images: float `[N, H, W, C]` in `[low, high]`, of 11 x 11 pixels at least.
        references: float `[N, H, W, C]`, the truth.
        low, high: the smallest and the largest possible value.

    Returns:
        float64 `[N]`.

    Raises:
        UserInputError: on different shapes, or images smaller than a window.

    Example:

    >>> ssim(np.zeros((1, 16, 16, 1)), np.zeros((1, 16, 16, 1)))
    array([1.])
    """
    images, references = np.asarray(images, np.float64), np.asarray(references, np.float64)
    if images.shape != references.shape or images.ndim != 4 or min(images.shape[1:3]) < _WINDOW:
        raise UserInputError(
            "SSIM compares images [N, H, W, C] of one shape, of 11 x 11 pixels at least. Received: "
            f"{images.shape} and {references.shape}."
        )
    x, y = ((part - low) / (high - low) for part in (images, references))
    mean_x, mean_y = _windowed(x), _windowed(y)
    variances = _windowed(x**2) - mean_x**2 + _windowed(y**2) - mean_y**2
    covariance = _windowed(x * y) - mean_x * mean_y
    likeness = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    likeness /= (mean_x**2 + mean_y**2 + _C1) * (variances + _C2)
    return likeness.mean(axis=(1, 2, 3))


def _windowed(images):
    """Returns the weighted means of all windows that lie within the images."""
    offsets = np.arange(_WINDOW) - _WINDOW // 2
    line = np.exp(-(offsets**2) / (2 * _DEVIATION**2))
    within = slice(_WINDOW // 2, -(_WINDOW // 2))
    for axis in (1, 2):
        images = correlate1d(images, line / line.sum(), axis)
    return images[:, within, within]
