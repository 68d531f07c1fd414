"""Procedural volumes: one simple solid each, its axis upright."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfgan_suite import hashing

SOLIDS = ("sphere", "box", "cylinder", "cone", "torus", "pyramid")
SIZES = ("small", "large")

_RADII = ((0.45, 0.6), (0.8, 0.95))  # small and large, in half sides of the volume
_DRAWS = 4


def draw_solids(key: int, indices: Sequence[int]) -> dict[str, np.ndarray]:
    """Draws the solids with the given indices: arrays `[N]`.

    Returns:
        `"solid"` (int, index into `SOLIDS`), `"size"` (int, index into `SIZES`), `"radius"` (in
        half sides) and `"turn"` (about the upright axis, in radians).
    """
    draws = hashing.uniform(key, tf.constant(indices, tf.int64), _DRAWS).numpy().astype(np.float64)
    size = (draws[:, 1] * len(SIZES)).astype(np.int32)
    low, high = np.array(_RADII)[size].T
    return {
        "solid": (draws[:, 0] * len(SOLIDS)).astype(np.int32),
        "size": size,
        "radius": low + (high - low) * draws[:, 2],
        "turn": 2 * np.pi * draws[:, 3],
    }


def captions(solids: dict[str, np.ndarray]) -> np.ndarray:
    """English descriptions such as "a small cone"."""
    return np.array(
        [
            f"a {SIZES[size]} {SOLIDS[solid]}"
            for size, solid in zip(solids["size"], solids["solid"], strict=True)
        ]
    )


def occupancy(solids: dict[str, np.ndarray], side: int) -> np.ndarray:
    """Fills volumes with solids.

    Args:
        solids: as from `draw_solids`.
        side: voxels along each axis.

    Returns:
        uint8 `[N, side, side, side, 1]` by depth, height (the first row on top) and width: 1 where
        the centre of a voxel is inside.
    """
    axis = (np.arange(side) + 0.5) * 2 / side - 1
    depth, height, width = np.meshgrid(axis, -axis, axis, indexing="ij")
    volumes = np.empty((len(solids["solid"]), side, side, side, 1), np.uint8)
    for i, volume in enumerate(volumes):
        radius, turn = solids["radius"][i], solids["turn"][i]
        x = (np.cos(turn) * width + np.sin(turn) * depth) / radius
        z = (np.cos(turn) * depth - np.sin(turn) * width) / radius
        volume[..., 0] = _INSIDE[SOLIDS[solids["solid"][i]]](x, height / radius, z)
    return volumes


def _tapered(from_axis, y, width):
    """Inside of what narrows to a point at height 0.85, from `width` at -0.85."""
    return (np.abs(y) <= 0.85) & (from_axis <= width * (0.85 - y) / 1.7)


_INSIDE = {
    "sphere": lambda x, y, z: x**2 + y**2 + z**2 <= 0.9,
    "box": lambda x, y, z: np.maximum(np.maximum(np.abs(x), np.abs(y)), np.abs(z)) <= 0.7,
    "cylinder": lambda x, y, z: (np.hypot(x, z) <= 0.65) & (np.abs(y) <= 0.8),
    "cone": lambda x, y, z: _tapered(np.hypot(x, z), y, 0.85),
    "torus": lambda x, y, z: np.hypot(np.hypot(x, z) - 0.65, y) <= 0.3,
    "pyramid": lambda x, y, z: _tapered(np.maximum(np.abs(x), np.abs(z)), y, 0.75),
}
