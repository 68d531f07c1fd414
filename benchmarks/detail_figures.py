"""How like real ones the images of a pyramid are, size by size."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfgan_suite.metrics.sliced_wasserstein import Patches, sliced_wasserstein
from tfgan_suite.networks.pyramids import laplacian_pyramid

_BATCH = 250


def figures(images: np.ndarray, real: np.ndarray, sizes: Sequence[int]) -> dict[str, float]:
    """Returns by name, for each size of the Laplacian pyramids, two figures of its level.

    `swd_at_<size>`: sliced Wasserstein distance times 1,000 between patches of 7 x 7, each set
    brought to mean 0 and deviation 1. `deviation_at_<size>`: standard deviation of the images'
    level over that of the real ones', 1 where details are as strong; the level of the coarsest size
    are the images themselves.

    Args:
        images, real: uint8 `[N, S, S, C]`.
        sizes: ints from S down, at least 7.
    """
    patches, deviations = zip(*(_levels(of, sizes) for of in (real, images)), strict=True)
    found = {}
    for i, size in enumerate(sizes):
        found[f"swd_at_{size}"] = 1e3 * sliced_wasserstein(patches[0][size], patches[1][size])
        found[f"deviation_at_{size}"] = deviations[1][i] / deviations[0][i]
    return found


def _levels(images, sizes):
    patches, deviations = Patches(sizes[1:]), []
    for start in range(0, len(images), _BATCH):
        patches.add(images[start : start + _BATCH])
    for level in laplacian_pyramid(tf.constant(images, tf.float32), sizes[1:]):
        deviations.append(float(np.std(level)))
    return patches.levels(), deviations
