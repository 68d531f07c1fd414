"""Peak signal-to-noise ratio."""

import numpy as np

from tfgan_suite.errors import UserInputError


def psnr(images: np.ndarray, references: np.ndarray, data_range: float = 2.0) -> np.ndarray:
    """Returns each image's peak signal-to-noise ratio in dB: 10 log10(range^2 / MSE).

    Args:
        images: float `[N, ...]`, in [-1, 1] with the default range.
        references: float `[N, ...]`, the truth.
        data_range: Difference of the largest and the smallest possible value.

    Returns:
        float64 `[N]`; infinite where an image equals its reference.

    Raises:
        UserInputError: on different shapes.

    Example:

    >>> psnr(np.zeros((1, 4)), np.full((1, 4), 0.2))
    array([20.])
    """
    images, references = np.asarray(images, np.float64), np.asarray(references, np.float64)
    if images.shape != references.shape:
        raise UserInputError(
            f"PSNR compares images of one shape. Received: {images.shape} and {references.shape}."
        )
    squared = np.square(images - references).reshape(len(images), -1).mean(axis=1)
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(data_range**2 / squared)
