"""Strokes of a user, of colour and of edges, and the nearest sample that agrees with them."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import number, whole_number
from tfgan_suite.editing.search import Search, SearchOptions
from tfgan_suite.editing.spaces import (
    checked_conditions,
    checked_images,
    checked_points,
    decoded,
    find_space,
)
from tfgan_suite.errors import UserInputError
from tfgan_suite.losses import adversarial
from tfgan_suite.losses.reconstruction import l2
from tfgan_suite.training import GenerativeModel

CELL = 4
ORIENTATIONS = 8
_FOOLING = adversarial.get("non_saturating").generator


@dataclasses.dataclass(frozen=True)
class Strokes:
    """What a user has drawn on an image.

    Args:
        image: `[H, W, C]` in [-1, 1]. Colours, or lines whose edges are wanted.
        mask: bool `[H, W]`. Where something was drawn.
    """

    image: np.ndarray
    mask: np.ndarray


@dataclasses.dataclass(frozen=True)
class Brushed:
    """An image that agrees with strokes.

    Args:
        frames: `[T, H, W, C]`, the way from the sample that the edit began with.
        point: `[*shape]`, of the last frame.
        value: float. The objective.
    """

    frames: np.ndarray
    point: np.ndarray
    value: float


def brush(
    model: GenerativeModel,
    point,
    colours: Strokes | None = None,
    edges: Strokes | None = None,
    *,
    space: str | None = None,
    conditions: Mapping | None = None,
    options: SearchOptions | None = None,
    nearness: float = 0.02,
    prior: float = 0.001,
    frames: int = 8,
) -> Brushed:
    """Changes an image so that it agrees with strokes of a brush.

    Minimises over the latents the squared difference to the colours drawn, that of
    `edge_histograms` where lines are drawn, `nearness` times the squared way from the point, and
    `prior` times `-log D`.

    Source: [Zhu et al., 2016](https://arxiv.org/abs/1609.03552), section 4.1; the weights are ours.

    Args:
        model: a model of images.
        point: `[*shape]`. Of the image that is edited, such as a `Projection`'s.
        colours, edges: `Strokes`, one of them at least.
        space, conditions, options: see `project`.
        nearness, prior: float.
        frames: int, 2 or more. Of the way from the sample of the point to the edited one.

    Returns:
        A `Brushed`. No network of the model changes.

    Raises:
        UserInputError: there are no strokes, or they do not fit the image.
    """
    latents = find_space(model, space)
    conditions = checked_conditions(latents, conditions)
    start = checked_points(latents, np.asarray(point)[None], "point")
    number("nearness", nearness, 0, 1e9)
    number("prior", prior, 0, 1e9)
    whole_number("frames", frames, 2)
    given = {
        name: _checked(latents, strokes, name)
        for name, strokes in (("colours", colours), ("edges", edges))
        if strokes is not None
    }
    if not given:
        raise UserInputError("There are no strokes: give colours, edges, or both.")
    objective = _agreement(latents, nearness, prior)
    search = Search(model, latents, objective, options or SearchOptions())
    found = search.find({"start": start, **given}, conditions, start[0])
    position = np.linspace(0, 1, frames, dtype=np.float32)
    ends = [np.repeat(end, frames, axis=0) for end in (start, found.point[None])]
    way = latents.between(*ends, position).numpy()
    return Brushed(decoded(model, latents, way, conditions), found.point, found.value)


def edge_histograms(images, cell: int = CELL) -> tf.Tensor:
    """Returns how strongly and in which directions brightness changes, by cells of an image.

    A simple form of histograms of oriented gradients: each pixel's gradient counts, with its
    length, for the two directions of 8 that it lies between; opposite directions are one. A cell's
    histogram is divided by its length, so that what counts is where edges run and not how strong
    they are.

    Source: [Dalal and Triggs, 2005](https://doi.org/10.1109/CVPR.2005.177).

    Args:
        images: float32 `[B, H, W, C]`.
        cell: int. Side of a cell, in pixels.

    Returns:
        float32 `[B, H // cell, W // cell, 8]`.
    """
    grey = tf.reduce_mean(images, axis=-1, keepdims=True)
    padded = tf.pad(grey, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    down = padded[:, 2:, 1:-1, 0] - padded[:, :-2, 1:-1, 0]
    right = padded[:, 1:-1, 2:, 0] - padded[:, 1:-1, :-2, 0]
    # The gradient's part along each direction, squared and to the power of 4: smooth everywhere,
    # and small beyond the neighbouring directions.
    angles = np.arange(ORIENTATIONS) * np.pi / ORIENTATIONS
    along = right[..., None] * np.cos(angles).astype(np.float32)
    along += down[..., None] * np.sin(angles).astype(np.float32)
    square = (right**2 + down**2)[..., None] + 1e-4
    strengths = along**8 / square**3.5
    histograms = tf.nn.avg_pool2d(strengths, cell, cell, "VALID")
    length = tf.sqrt(tf.reduce_sum(histograms**2, axis=-1, keepdims=True) + 1e-4)
    return histograms / length


def _agreement(latents, nearness, prior):
    def objective(points, conditions, given):
        samples = latents.decode(points, conditions)
        apart = nearness * l2(tf.broadcast_to(given["start"], tf.shape(points)), points)
        if "colours" in given:
            image, mask = given["colours"]
            apart += _mean_where(mask, (samples - image) ** 2)
        if "edges" in given:
            image, mask = given["edges"]
            difference = edge_histograms(samples) - edge_histograms(image)
            cells = tf.nn.max_pool2d(mask, CELL, CELL, "VALID")
            apart += _mean_where(cells, difference**2)
        if latents.judge is not None and prior:
            apart += prior * _FOOLING(latents.judge(samples, conditions))
        return apart

    return objective


def _mean_where(mask, values):
    """Returns the mean of values `[B, h, w, c]` where a mask `[1, h, w, 1]` is 1, by row."""
    total = tf.reduce_sum(mask * values, axis=[1, 2, 3])
    return total / (tf.reduce_sum(mask) * values.shape[-1])


def _checked(latents, strokes, name):
    """Returns the image `[1, H, W, C]` and the mask `[1, H, W, 1]` of strokes."""
    image = checked_images(latents, np.asarray(strokes.image)[None], name)
    mask = np.asarray(strokes.mask)
    # Edges count in whole cells.
    height, width = (side - side % CELL if name == "edges" else side for side in image.shape[1:3])
    if mask.shape != image.shape[1:3] or not mask[:height, :width].any():
        raise UserInputError(
            f"{name}: expected a mask of {image.shape[1:3]} with something drawn in its first "
            f"{height} x {width} pixels. Received: {mask.shape}, {np.count_nonzero(mask)} pixels."
        )
    return image, mask.astype(np.float32)[None, ..., None]
