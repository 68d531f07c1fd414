"""Sliced Wasserstein distance between patches of images, size by size."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfgan_suite.errors import RunFailure
from tfgan_suite.networks.pyramids import laplacian_pyramid

SMALLEST = 16
PATCHES = 128
PATCH = 7
REPEATS, DIRECTIONS = 4, 128


class Patches:
    """Patches of the Laplacian pyramids of a set of images, batch by batch.

    128 patches of 7 x 7 pixels at random places of each level of each image, the same places for
    the i-th image of every set. Kept as float16: 37 kB for an image of three channels and a level.

    Args:
        sizes: ints, at least 7, falling. The sizes below the images' own; None: halved down to 16.
    """

    def __init__(self, sizes: Sequence[int] | None = None):
        self.count = 0
        self._sizes = sizes
        self._rng = np.random.default_rng(0)
        self._levels: dict[int, list[np.ndarray]] = {}

    def add(self, images: np.ndarray) -> None:
        """Takes uint8 images `[B, S, S, C]`, S 16 times a power of two where no sizes are given."""
        self.count += len(images)
        sizes = self._sizes
        if sizes is None:
            halvings = (images.shape[1] // SMALLEST).bit_length() - 1
            sizes = [images.shape[1] >> i for i in range(1, halvings + 1)]
        for level in laplacian_pyramid(tf.constant(images, tf.float32), sizes):
            values = level.numpy()
            size = values.shape[1]
            top, left = self._rng.integers(0, size - PATCH + 1, (2, len(values) * PATCHES))
            which = np.repeat(np.arange(len(values)), PATCHES)
            windows = np.lib.stride_tricks.sliding_window_view(values, (PATCH, PATCH), axis=(1, 2))
            found = windows[which, top, left].astype(np.float16)  # [N, C, 7, 7]
            self._levels.setdefault(size, []).append(found)

    def levels(self) -> dict[int, np.ndarray]:
        """Returns normalised patches `[N, C * 7 * 7]` by size: each channel of mean 0, deviation 1.

        The normalisation hides a colour cast of a whole set.
        """
        found = {}
        for size, parts in self._levels.items():
            patches = np.concatenate(parts).astype(np.float32)
            patches -= patches.mean(axis=(0, 2, 3), keepdims=True)
            patches /= patches.std(axis=(0, 2, 3), keepdims=True) + 1e-8
            found[size] = patches.reshape(len(patches), -1)
        return found


def sliced_wasserstein(real: np.ndarray, fake: np.ndarray) -> float:
    """Returns the mean distance of two sets of vectors over 4 x 128 random directions.

    Along a direction it is the mean distance of the sorted projections.

    Source: [Karras et al., 2018](https://arxiv.org/abs/1710.10196), section 5, who print it times
    1,000.

    Args:
        real, fake: float `[N, size]`, as many vectors of both.

    Raises:
        RunFailure: different numbers of vectors, or of other sizes.
    """
    if real.shape != fake.shape:
        raise RunFailure(
            f"Sets of vectors of shapes {real.shape} and {fake.shape} cannot be compared."
        )
    rng = np.random.default_rng(1)
    distances = []
    for _ in range(REPEATS):
        directions = rng.normal(size=(real.shape[1], DIRECTIONS)).astype(np.float32)
        directions /= np.linalg.norm(directions, axis=0)
        along = [np.sort(vectors @ directions, axis=0) for vectors in (real, fake)]
        distances.append(np.abs(along[0] - along[1]).mean())
    return float(np.mean(distances))
