"""Directions from the units of a layer."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from tfgan_suite.editing.directions import Direction, value_direction
from tfgan_suite.editing.spaces import checked_conditions, checked_points, find_space, rows_of
from tfgan_suite.errors import UserInputError
from tfgan_suite.networks.opened import OpenedLayer
from tfgan_suite.training import GenerativeModel

_ROWS = 64


def unit_activities(
    model: GenerativeModel,
    layer: str,
    points,
    *,
    space: str | None = None,
    conditions: Mapping | None = None,
) -> np.ndarray:
    """Returns how active each unit of a layer is for points, averaged over its places.

    Args:
        model: a model with `latent_spaces`.
        layer: name or path of a layer, see `networks.opened.find_layer`.
        points: `[N, *shape]`.
        space, conditions: see `project`.

    Returns:
        `[N, units]`. As `features` of `component_directions` it gives the directions in which the
        layer differs most.

    Raises:
        UserInputError: there is no such layer, or points are of another shape.
    """
    latents = find_space(model, space)
    points = checked_points(latents, points)
    given = checked_conditions(latents, conditions)

    def decode(points):
        return latents.decode(points, rows_of(given, tf.shape(points)[0]))

    opened = OpenedLayer(model, layer, decode, like=points)
    places = tuple(range(1, len(opened.shape)))  # averaged at once: all features may be gigabytes
    parts = (opened.read(points[i : i + _ROWS])[1] for i in range(0, len(points), _ROWS))
    return np.concatenate([features.mean(axis=places) for features in parts])


def unit_direction(
    model: GenerativeModel,
    layer: str,
    units: Sequence[int],
    points,
    *,
    space: str | None = None,
    conditions: Mapping | None = None,
) -> Direction:
    """Returns the direction in which some units of a layer, together, become more active.

    Units that `dissection` has found for a concept give a direction of the concept.

    Args:
        model, layer, points, space, conditions: see `unit_activities`.
        units: ints, channels of the layer.

    Raises:
        UserInputError: see `unit_activities`; or a unit that the layer does not have.
    """
    activities = unit_activities(model, layer, points, space=space, conditions=conditions)
    units = np.asarray(units)
    right = units.ndim == 1 and units.size and units.dtype.kind in "iu"
    if not right or units.min() < 0 or units.max() >= activities.shape[1]:
        raise UserInputError(
            f"The layer {layer!r} has the units 0 to {activities.shape[1] - 1}. Received: "
            f"{units.tolist()}."
        )
    return value_direction(find_space(model, space), points, activities[:, units].mean(axis=1))
