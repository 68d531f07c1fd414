"""Figures of filled holes whose truth is known, and fillings that need no training."""

import numpy as np

from tfgan_suite import editing
from tfgan_suite.metrics.psnr import psnr


def figures(filled: np.ndarray, truth: np.ndarray, holes: np.ndarray) -> dict[str, np.ndarray]:
    """Returns each image's figures, `[N]` by metric, of the hole's pixels alone.

    Args:
        filled, truth: images `[N, H, W, C]` in [-1, 1].
        holes: bool `[N, H, W]`.
    """
    inside = [
        (made[hole], true[hole]) for made, true, hole in zip(filled, truth, holes, strict=True)
    ]
    return {
        "hole_l1": np.array([np.abs(made - true).mean() for made, true in inside]),
        "hole_psnr": np.array([psnr(made[None], true[None])[0] for made, true in inside]),
        "hole_sharpness": sharpness(filled, holes),
    }


def sharpness(images: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """Returns the mean difference of neighbours' luma that are both in a hole, in grey levels.

    Args:
        images: `[N, H, W, C]` in [-1, 1].
        holes: bool `[N, H, W]`, each with neighbours above and beside each other.
    """
    luma = images.mean(axis=-1) * 127.5
    means = []
    for axis in (1, 2):
        both = np.logical_and(*_neighbours(holes, axis))
        apart = np.abs(np.subtract(*_neighbours(luma, axis)))
        means.append((apart * both).sum(axis=(1, 2)) / both.sum(axis=(1, 2)))
    return np.mean(means, axis=0)


def _neighbours(array, axis):
    last = array.shape[axis]
    return [np.take(array, range(*ends), axis=axis) for ends in ((1, last), (0, last - 1))]


def mean_of_border(images: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """Returns images `[N, H, W, C]` whose hole has the mean colour of the pixels next to it.

    Args:
        images: `[N, H, W, C]`.
        holes: bool `[N, H, W]`.
    """
    height, width = holes.shape[1:]
    near = np.pad(holes & False, [(0, 0), (1, 1), (1, 1)])
    for down, right in ((0, 1), (2, 1), (1, 0), (1, 2)):
        near[:, down : down + height, right : right + width] |= holes
    filled = images.copy()
    for image, hole, border in zip(filled, holes, near[:, 1:-1, 1:-1] & ~holes, strict=True):
        image[hole] = image[border].mean(axis=0)
    return filled


def smoothest(images: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """Returns images `[N, H, W, C]` whose hole is filled by the harmonic function that fits."""
    return editing.poisson_blend(images, np.zeros_like(images), holes).numpy()
