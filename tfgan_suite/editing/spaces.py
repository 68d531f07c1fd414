"""Which space of a model is edited, and the checks of what is given for it."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.signatures import LatentSpace
from tfgan_suite.training import GenerativeModel

_ROWS = 64  # decoded at once


def find_space(model: GenerativeModel, name: str | None = None) -> LatentSpace:
    """Returns a space of a model by name; None: the one that the model names first.

    Raises:
        UserInputError: the model has no such space, or none at all.

    Example:

    >>> find_space(model).shape
    (4,)
    """
    spaces = model.kept_latent_spaces()
    if not spaces:
        raise UserInputError(
            f"A {type(model).__name__} makes its samples of no latents that could be edited."
        )
    name = name or next(iter(spaces))
    if name not in spaces:
        raise UserInputError(
            f"A {type(model).__name__} has no space {name!r}; it has {', '.join(spaces)}."
            f"{closest_name(name, spaces)}"
        )
    return spaces[name]


def checked_points(space: LatentSpace, points, what: str = "points") -> np.ndarray:
    """Returns points as float32 `[N, *shape]`.

    Raises:
        UserInputError: they are of another shape, not finite, or there are none.
    """
    try:
        points = np.asarray(points, np.float32)
    except (TypeError, ValueError) as error:
        raise UserInputError(f"{what}: expected numbers. {error}.") from error
    if points.shape[1:] != tuple(space.shape) or not len(points):
        expected = ", ".join(map(str, space.shape))
        raise UserInputError(
            f"{what}: expected latents of shape (N, {expected}). Received: {points.shape}."
        )
    if not np.isfinite(points).all():
        raise UserInputError(f"{what}: expected finite numbers. Received NaN or infinity.")
    return points


def checked_images(space: LatentSpace, images, what: str = "images") -> np.ndarray:
    """Returns images as float32 `[N, H, W, C]`.

    Raises:
        UserInputError: they are of another shape or range, or the space's samples are no images.
    """
    if len(space.sample_shape) != 3:
        raise UserInputError(
            f"The model makes samples of shape {tuple(space.sample_shape)}; expected a model of "
            "images."
        )
    images = np.asarray(images, np.float32)
    if images.shape[1:] != tuple(space.sample_shape) or not len(images):
        expected = ", ".join(map(str, space.sample_shape))
        raise UserInputError(
            f"{what}: expected images of shape (N, {expected}). Received: {images.shape}."
        )
    if not (np.abs(images) <= 1).all():
        raise UserInputError(
            f"{what}: expected values in [-1, 1]. Received: {images.min():g} to {images.max():g}."
        )
    return images


def checked_conditions(space: LatentSpace, conditions: Mapping | None) -> dict[str, np.ndarray]:
    """Returns the values of one row of each condition of a space.

    Raises:
        UserInputError: one is missing, unknown or of another shape.
    """
    conditions = dict(conditions or {})
    for name in {*conditions, *space.conditions}:
        if name not in space.conditions:
            known = ", ".join(space.conditions) or "no condition"
            raise UserInputError(f"The generator takes no {name!r}; it takes {known}.")
        if name not in conditions:
            raise UserInputError(f"The generator takes {name!r} beside latents: give a value.")
    checked = {}
    for name, condition in space.conditions.items():
        value = np.asarray(conditions[name], condition.spec.dtype.as_numpy_dtype)
        if list(value.shape) != condition.spec.shape[1:].as_list():
            raise UserInputError(
                f"{name}: expected a value of shape {tuple(condition.spec.shape[1:])}. Received: "
                f"{value.shape}."
            )
        checked[name] = value
    return checked


def rows_of(conditions: Mapping, num_rows) -> dict[str, tf.Tensor]:
    """Returns conditions for `num_rows` rows, the same for each."""
    return {
        name: tf.repeat(tf.convert_to_tensor(value)[None], num_rows, axis=0)
        for name, value in conditions.items()
    }


def points_of_seeds(model: GenerativeModel, space: LatentSpace, seeds) -> np.ndarray:
    """Returns the points of seeds, whole numbers `[N]`."""
    return model.infer(space.of_seeds, np.asarray(seeds, np.int64), batch_size=4 * _ROWS)


def decoded(model: GenerativeModel, space: LatentSpace, points, conditions: Mapping) -> np.ndarray:
    """Returns the samples of points `[N, *shape]`, all under the same conditions."""
    points = np.asarray(points, np.float32)
    rows = {name: np.repeat(value[None], len(points), axis=0) for name, value in conditions.items()}
    return model.infer(space.decode_rows, (points, rows), batch_size=_ROWS)
