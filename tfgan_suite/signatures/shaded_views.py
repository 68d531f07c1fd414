"""Voxels as a person sees them: shaded, from several sides."""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

TURNS = (30.0, 120.0, 210.0, 300.0)
ELEVATION = 25.0

_STEP = 0.5  # voxels from one point of a ray to the next
_LIGHT = np.array([0.4, 0.7, 0.6])  # falls to the right, down, away
_AMBIENT = 0.25
_FRAME = 1.52  # what a view shows, in sides of the volume: the whole of it at up to 25 degrees
_FULL = 0.5


def shaded_views(
    volumes: tf.Tensor,
    turns: Sequence[float] = TURNS,
    elevation: float = ELEVATION,
    size: int = 64,
) -> tf.Tensor:
    """Draws voxels as grey images, from each side beside the one before.

    A parallel ray for each pixel looks for the first full voxel; the slope of the smoothed
    occupancy there says how much light from the upper left it takes.

    Args:
        volumes: float `[B, S, S, S, 1]`: depth, height (downwards), width. Full is above 0.5.
        turns: degrees about the vertical axis; at 0 one looks along the depth.
        elevation: degrees from which one looks down.
        size: int. Side of a view.

    Returns:
        float32 `[B, size, size * len(turns), 1]` in [-1, 1]; white where nothing is.
    """
    is_full, slopes = _scene(volumes)
    views = []
    for turn in turns:
        places, light = _camera(turn, elevation, volumes.shape[1], size)
        seen = tf.gather(is_full, places, axis=1)
        views.append(_shaded(seen, places, slopes, light, size))
    return tf.concat(views, axis=2)


def shaded_view(
    volumes: tf.Tensor,
    sides: tf.Tensor,
    turns: Sequence[float] = TURNS,
    elevation: float = ELEVATION,
    size: int = 64,
) -> tf.Tensor:
    """Draws each volume from one side of its own: see `shaded_views`.

    Args:
        volumes, elevation, size: of `shaded_views`.
        sides: int `[B]`. The number of each volume's turn.
        turns: degrees about the vertical axis that volumes may be seen at.

    Returns:
        float32 `[B, size, size, 1]` in [-1, 1].
    """
    is_full, slopes = _scene(volumes)
    cameras = [_camera(turn, elevation, volumes.shape[1], size) for turn in turns]
    places, lights = (tf.gather(tf.stack(part), sides) for part in zip(*cameras, strict=True))
    seen = tf.gather(is_full, places, axis=1, batch_dims=1)
    return _shaded(seen, places, slopes, lights[:, None], size)


def _scene(volumes):
    """Returns whether voxels are full and the slopes of the occupancy, `[B, (S + 2) ** 3, ...]`."""
    voxels = (volumes.shape[1] + 2) ** 3
    padded = tf.pad(tf.cast(volumes[..., 0], tf.float32), [[0, 0], [1, 1], [1, 1], [1, 1]])
    is_full = tf.reshape(padded > _FULL, [-1, voxels])
    return is_full, tf.reshape(_slopes(padded), [-1, voxels, 3])


def _camera(turn, elevation, side, size):
    """Returns the numbers of the voxels on rays, see `_places_on_rays`, and where light falls."""
    axes = _axes(math.radians(turn), math.radians(elevation))
    direction = _LIGHT / np.linalg.norm(_LIGHT)
    light = tf.constant((direction @ axes).astype(np.float32))
    return _places_on_rays(axes, side, size), light


def _shaded(seen, places, slopes, light, size):
    """Returns images of what rays meet.

    Args:
        seen: bool `[B, rays * steps]`. Which of their voxels are full.
        places: int32 `[rays * steps]`, or `[B, rays * steps]`. The numbers of these voxels.
        slopes: `[B, voxels, 3]`.
        light: `[3]`, or `[B, 1, 3]`.
        size: int.
    """
    seen = tf.reshape(seen, [-1, size * size, seen.shape[1] // size**2])
    first = tf.argmax(tf.cast(seen, tf.int32), axis=-1, output_type=tf.int32)
    point = tf.range(size * size) * seen.shape[2] + first
    voxel = tf.gather(places, point, batch_dims=places.shape.rank - 1)
    slope = tf.gather(slopes, voxel, batch_dims=1)
    cosine = tf.reduce_sum(slope * light, axis=-1)
    shade = _AMBIENT + (1 - _AMBIENT) * tf.clip_by_value(cosine, 0.0, 1.0)
    # Full voxels stay darker than the ground.
    grey = tf.where(tf.reduce_any(seen, axis=-1), 1.8 * shade - 1.0, 1.0)
    return tf.reshape(grey, [-1, size, size, 1])


def _axes(turn, elevation):
    """Returns right, down and away of the one who looks, as rows of (depth, height, width)."""
    right = np.array([-math.sin(turn), 0.0, math.cos(turn)])
    level = np.array([math.cos(turn), 0.0, math.sin(turn)])
    below = np.array([0.0, 1.0, 0.0])
    away = math.cos(elevation) * level + math.sin(elevation) * below
    down = math.cos(elevation) * below - math.sin(elevation) * level
    return np.stack([right, down, away])


def _places_on_rays(axes, side, size):
    """Returns the numbers of voxels that rays pass, int32 `[size * size * steps]`.

    The corner of the padded volume is empty: it stands for all that lies outside.
    """
    depth = math.sqrt(3) / 2 * side
    along = np.arange(-depth, depth, _STEP)
    across = ((np.arange(size) + 0.5) / size - 0.5) * _FRAME * side
    down, right, away = np.meshgrid(across, across, along, indexing="ij")
    points = np.stack([right, down, away], axis=-1) @ axes
    voxels = np.floor(points + side / 2).astype(np.int64)
    inside = ((voxels >= 0) & (voxels < side)).all(axis=-1)
    numbers = np.ravel_multi_index(
        np.where(inside[..., None], voxels + 1, 0).reshape(-1, 3).T, [side + 2] * 3
    )
    return tf.constant(numbers, tf.int32)


def _slopes(padded):
    """Returns the direction in which the smoothed occupancy grows, of length 1, `[..., 3]`.

    Light that falls along it meets the surface head on.
    """
    smooth = tf.nn.avg_pool3d(padded[..., None], 3, 1, "SAME")[..., 0]
    around = tf.pad(smooth, [[0, 0], [1, 1], [1, 1], [1, 1]])
    slope = tf.stack(
        [
            around[:, 2:, 1:-1, 1:-1] - around[:, :-2, 1:-1, 1:-1],
            around[:, 1:-1, 2:, 1:-1] - around[:, 1:-1, :-2, 1:-1],
            around[:, 1:-1, 1:-1, 2:] - around[:, 1:-1, 1:-1, :-2],
        ],
        axis=-1,
    )
    return tf.math.divide_no_nan(slope, tf.norm(slope, axis=-1, keepdims=True))
