"""Figures of filled holes whose truth is known, and fillings that need no training."""

import numpy as np

from benchmarks.enlarging import sharpness
from tfgan_suite import editing
from tfgan_suite.metrics.psnr import psnr


def figures(filled: np.ndarray, truth: np.ndarray, hole: np.ndarray) -> dict[str, np.ndarray]:
    """Returns each image's figures, `[N]` by metric, of the hole's pixels alone.

    Args:
        filled, truth: images `[N, H, W, C]` in [-1, 1].
        hole: bool `[H, W]`, a rectangle.
    """
    rows, columns = (np.flatnonzero(hole.any(axis=axis)) for axis in (1, 0))
    inside = np.s_[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    made, true = filled[inside], truth[inside]
    return {
        "hole_l1": np.abs(made - true).mean(axis=(1, 2, 3)),
        "hole_psnr": psnr(made, true),
        "hole_sharpness": sharpness(made),
    }


def mean_of_border(images: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Returns images `[N, H, W, C]` whose hole has the mean colour of the pixels next to it."""
    near = np.zeros(np.add(hole.shape, 2), bool)
    for down, right in ((0, 1), (2, 1), (1, 0), (1, 2)):
        near[down : down + hole.shape[0], right : right + hole.shape[1]] |= hole
    border = near[1:-1, 1:-1] & ~hole
    filled = images.copy()
    filled[:, hole] = images[:, border].mean(axis=1, keepdims=True)
    return filled


def smoothest(images: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Returns images `[N, H, W, C]` whose hole is filled by the harmonic function that fits."""
    holes = np.repeat(hole[None], len(images), axis=0)
    return editing.poisson_blend(images, np.zeros_like(images), holes).numpy()
