"""How much sharper or blurrier an image is than the truth."""

import numpy as np

from tfgan_suite.errors import UserInputError


def sharpness(images: np.ndarray, references: np.ndarray, data_range: float = 2.0) -> np.ndarray:
    """Returns each image's sharpness as beside a reference, in dB: the higher, the more alike.

    `10 log10(range^2 / mean |(|d_i Y| + |d_j Y|) - (|d_i P| + |d_j P|)|)` with the differences
    d_i and d_j of a pixel to the ones above and to the left of it, from
    [Mathieu et al., 2016](https://arxiv.org/abs/1511.05440). The mean is not of squares, so that
    the unit counts: images in [-1, 1] are what the authors' code measures, up to 255 / 256.

    Args:
        images: float `[N, H, W, C]`, in [-1, 1] with the default range.
        references: float `[N, H, W, C]`, the truth.
        data_range: Difference of the largest and the smallest possible value.

    Returns:
        float64 `[N]`; infinite where the differences are the reference's everywhere.

    Raises:
        UserInputError: on different shapes.

    Example:

    >>> sharpness(np.zeros((1, 2, 2, 1)), np.array([0.0, 0.0, 0.0, 0.4]).reshape(1, 2, 2, 1))
    array([6.98970004])
    """
    images, references = np.asarray(images, np.float64), np.asarray(references, np.float64)
    if images.shape != references.shape or images.ndim != 4:
        raise UserInputError(
            "Sharpness compares images [N, H, W, C] of one shape. Received: "
            f"{images.shape} and {references.shape}."
        )
    apart = np.abs(_changes(images) - _changes(references)).mean(axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(data_range**2 / apart)


def _changes(images):
    rows, columns = (np.abs(np.diff(images, axis=axis)) for axis in (1, 2))
    return rows[:, :, 1:] + columns[:, 1:]
