"""The way from one given image to another."""

import dataclasses

import numpy as np

from tfgan_suite.data.options import whole_number
from tfgan_suite.editing.projection import Projection, project
from tfgan_suite.editing.spaces import checked_conditions, decoded, find_space
from tfgan_suite.errors import UserInputError
from tfgan_suite.training import GenerativeModel


@dataclasses.dataclass(frozen=True)
class Morph:
    """What lies between two images.

    Args:
        frames: `[T, H, W, C]` in [-1, 1].
        projection: the `Projection` of the two images.
    """

    frames: np.ndarray
    projection: Projection


def morph(
    model: GenerativeModel,
    first,
    second,
    frames: int = 16,
    *,
    details: bool = True,
    space: str | None = None,
    **projecting,
) -> Morph:
    """Returns images on the way from one given image to another.

    Both are projected, and the samples of the points between are the frames. What the generator
    cannot make of the two images, the difference to their reconstructions, is added with the
    weights 1 - t and t, so that the first and the last frame are the images themselves.

    Args:
        model: a model of images.
        first, second: `[H, W, C]` in [-1, 1], of the model's size.
        frames: int, 2 or more.
        details: bool. False: frames are samples alone.
        space, **projecting: see `project`.

    Returns:
        A `Morph`.

    Raises:
        UserInputError: as `project` does.
    """
    whole_number("frames", frames, 2)
    if np.shape(first) != np.shape(second):
        raise UserInputError(
            f"The two images have the shapes {np.shape(first)} and {np.shape(second)}; expected "
            "one shape."
        )
    found = project(model, np.stack([first, second]), space=space, **projecting)
    latents = find_space(model, space)
    conditions = checked_conditions(latents, projecting.get("conditions"))
    position = np.linspace(0, 1, frames, dtype=np.float32)
    ends = [np.repeat(found.points[i : i + 1], frames, axis=0) for i in (0, 1)]
    points = latents.between(*ends, position).numpy()
    made = decoded(model, latents, points, conditions)
    if details:
        missing = found.images - found.reconstructions
        weights = position[:, None, None, None]
        made = np.clip(made + (1 - weights) * missing[0] + weights * missing[1], -1, 1)
    return Morph(made, found)
