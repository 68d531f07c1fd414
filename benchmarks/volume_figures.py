"""Figures of volumes of voxels: how full they are, and of how many parts."""

import numpy as np

from benchmarks.copying import overlap


def part_sizes(volume: np.ndarray) -> np.ndarray:
    """Returns the voxels of each connected part of a volume, the largest first.

    Voxels are connected by their faces.

    Args:
        volume: bool `[D, H, W]`.
    """
    padded = np.pad(np.asarray(volume, bool), 1)
    # Each full voxel takes the largest number among its own and its neighbours', until all voxels
    # of a part have the same.
    numbers = np.where(padded, np.arange(1, padded.size + 1).reshape(padded.shape), 0)
    while True:
        largest = numbers
        for axis in range(3):
            for step in (-1, 1):
                largest = np.maximum(largest, np.roll(numbers, step, axis))
        largest = np.where(padded, largest, 0)
        if np.array_equal(largest, numbers):
            break
        numbers = largest
    _, sizes = np.unique(numbers[padded], return_counts=True)
    return np.sort(sizes)[::-1]


def figures(volumes: np.ndarray) -> dict[str, np.ndarray]:
    """Returns by name a figure of each volume, `[N]`.

    `occupancy`: share of full voxels. `empty`: whether none is. `parts`: number of connected parts.
    `one_part`: whether it is one. `largest_part`: share of the full voxels that are in the largest
    part, 0 of an empty volume. `pair_overlap`: intersection over union with the next volume, that
    of the last with the first: how alike they are.

    Args:
        volumes: bool `[N, D, H, W]`.
    """
    full = volumes.sum(axis=(1, 2, 3))
    sizes = [part_sizes(volume) for volume in volumes]
    parts = np.array([len(of_volume) for of_volume in sizes])
    largest = np.array([max(of_volume, default=0) for of_volume in sizes])
    return {
        "occupancy": volumes.mean(axis=(1, 2, 3)),
        "empty": full == 0,
        "parts": parts.astype(float),
        "one_part": parts == 1,
        "largest_part": largest / np.maximum(full, 1),
        "pair_overlap": overlap(volumes, np.roll(volumes, -1, axis=0)),
    }


def step_overlaps(volumes: np.ndarray) -> np.ndarray:
    """Returns the intersection over union of volumes that follow one another, `[N * (T - 1)]`.

    Args:
        volumes: bool `[N, T, D, H, W]`, each row on the way from one sample to another.
    """
    shape = volumes.shape[2:]
    before, after = volumes[:, :-1].reshape(-1, *shape), volumes[:, 1:].reshape(-1, *shape)
    return overlap(before, after)


def averaged(volumes: np.ndarray, places: int) -> np.ndarray:
    """Returns the means of `places` x `places` x `places` parts of each volume, in a row.

    Args:
        volumes: `[N, S, S, S, 1]`.
        places: int that divides S.
    """
    parts = volumes.reshape(-1, *(places, volumes.shape[1] // places) * 3)
    return parts.mean(axis=(2, 4, 6)).reshape(len(volumes), -1)
