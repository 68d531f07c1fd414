"""Voxels as a mesh that other programs read: binary STL."""

import numpy as np

_FULL = 0.5
_MAX_VOXELS = 512**3

# The corners of a voxel's face on the far side of an axis, anticlockwise seen from outside.
_CORNERS = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 1]])
_TRIANGLES = ((0, 1, 2), (0, 2, 3))


def stl(occupancy) -> bytes:
    """Returns a binary STL file of all faces between full and empty voxels.

    A voxel is a cube of side 1. The mesh is closed; x is the width, y the depth, z points up.

    Args:
        occupancy: numbers `[depth, height, width]` or `[depth, height, width, 1]`, full above 0.5;
            height downwards.

    Raises:
        ValueError: an array of another shape, of more than 512^3 voxels, or without full ones.
    """
    occupancy = np.asarray(occupancy)
    if occupancy.ndim == 4 and occupancy.shape[-1] == 1:
        occupancy = occupancy[..., 0]
    if occupancy.ndim != 3 or not 0 < occupancy.size <= _MAX_VOXELS:
        raise ValueError(f"expected a volume of up to 512^3 voxels, not shape {occupancy.shape}")
    # To x, y, z.
    full = np.flip(np.transpose(occupancy > _FULL, [2, 0, 1]), axis=2)
    if not full.any():
        raise ValueError("no voxel is full: no occupancy is above 0.5")
    triangles, normals = [], []
    for axis in range(3):
        for away in (True, False):
            voxels = np.argwhere(full & ~_neighbour(full, axis, away))
            corners = np.roll(_CORNERS, axis, axis=1)
            if not away:  # the near side, seen from the other direction
                corners = corners[::-1] - np.eye(3, dtype=int)[axis]
            faces = voxels[:, None] + corners
            normal = np.eye(3)[axis] * (1 if away else -1)
            for triangle in _TRIANGLES:
                triangles.append(faces[:, list(triangle)])
                normals.append(np.broadcast_to(normal, (len(faces), 3)))
    return _file(np.concatenate(normals), np.concatenate(triangles))


def _neighbour(full, axis, away):
    """Returns whether the next voxel along an axis is full; outside all are empty."""
    padded = np.pad(full, [(1, 1) if i == axis else (0, 0) for i in range(3)])
    begin = 2 if away else 0
    return np.take(padded, np.arange(begin, begin + full.shape[axis]), axis=axis)


def _file(normals, triangles):
    records = np.zeros(
        len(triangles), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")]
    )
    records["normal"], records["corners"] = normals, triangles
    header = b"binary STL of voxels".ljust(80)
    return header + np.uint32(len(triangles)).tobytes() + records.tobytes()
