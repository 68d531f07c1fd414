"""PSNR and SSIM as papers on super-resolution measure them: of luma, without the border.

Images are rounded to 8 bits, brought to Y of BT.601 in its studio range (black 16, white 235), and
4 pixels of each border are cut off, as [Ledig et al., 2017](https://arxiv.org/abs/1609.04802) do.
"""

import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics.psnr import psnr

BORDER = 4
_WEIGHTS = (65.481, 128.553, 24.966)  # of red, green, blue in [0, 1]
_WINDOW = 11  # of SSIM


def luma(images: np.ndarray) -> np.ndarray:
    """Returns Y of BT.601, 16 for black and 235 for white.

    Args:
        images: uint8 `[..., 3]`, or `[..., 1]`, grey.

    Returns:
        float64 `[...]`.

    Raises:
        UserInputError: images of another type or number of channels.

    Example:

    >>> luma(np.array([[0, 0, 0], [255, 255, 255]], np.uint8)).round(6)
    array([ 16., 235.])
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.shape[-1] not in (1, 3):
        raise UserInputError(
            "Luma is of uint8 images with 1 or 3 channels; to_uint8 converts images in [-1, 1]. "
            f"Received: {images.dtype} {list(images.shape)}."
        )
    return 16.0 + np.broadcast_to(images / 255.0, (*images.shape[:-1], 3)) @ np.array(_WEIGHTS)


def luma_psnr(images: np.ndarray, references: np.ndarray, border: int = BORDER) -> np.ndarray:
    """Returns each image's PSNR of luma in dB, float64 `[N]`; infinite for equal ones.

    Args:
        images, references: uint8 `[N, H, W, C]`.
        border: pixels of each side that are left out.

    Raises:
        UserInputError: on different shapes, or images smaller than the borders.
    """
    return psnr(*_inner(images, references, border, 1), data_range=255.0)


def luma_ssim(images: np.ndarray, references: np.ndarray, border: int = BORDER) -> np.ndarray:
    """Returns each image's structural similarity of luma, float64 `[N]`, 1 for equal ones.

    [Wang et al., 2004](https://doi.org/10.1109/TIP.2003.819861): windows of 11 x 11 weighted by a
    Gaussian of deviation 1.5, those that lie inside the image. Figures of other code differ by some
    hundredths.

    Args:
        images, references, border: see `luma_psnr`.

    Raises:
        UserInputError: as `luma_psnr`; 11 x 11 pixels at least have to be left.
    """
    inner = _inner(images, references, border, _WINDOW)
    planes = [tf.constant(y[..., None], tf.float32) for y in inner]
    return tf.image.ssim(*planes, max_val=255.0).numpy().astype(np.float64)


def _inner(images, references, border, smallest):
    """Returns the luma of both without the borders."""
    shapes = np.shape(images), np.shape(references)
    if shapes[0] != shapes[1]:
        raise UserInputError(f"Expected images of one shape. Received: {shapes[0]}, {shapes[1]}.")
    if len(shapes[0]) != 4 or min(shapes[0][1:3]) < 2 * border + smallest:
        raise UserInputError(
            f"Expected images [N, height, width, channels] with sides of at least "
            f"{2 * border + smallest} pixels, of which {border} at each end are left out. "
            f"Received: {shapes[0]}."
        )
    inside = slice(border, -border or None)
    return [luma(some)[:, inside, inside] for some in (images, references)]
