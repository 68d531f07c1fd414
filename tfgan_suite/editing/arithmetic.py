"""Sums and differences of latents."""

from collections.abc import Sequence

import numpy as np

from tfgan_suite.data.options import number, whole_number
from tfgan_suite.editing.spaces import checked_points
from tfgan_suite.errors import UserInputError
from tfgan_suite.signatures import LatentSpace


def combined(space: LatentSpace, plus: Sequence, minus: Sequence = ()) -> np.ndarray:
    """Returns the sum of concepts minus others, each the mean of several points.

    "Smiling woman" - "neutral woman" + "neutral man": of three samples each in the paper, since
    single ones are unstable.

    Source: [Radford et al., 2016](https://arxiv.org/abs/1511.06434), section 6.3.2.

    Args:
        space: a `LatentSpace`.
        plus, minus: points `[N, *shape]` of each concept.

    Returns:
        One point `[*shape]`, brought inside the bounds of the space.

    Raises:
        UserInputError: there is nothing to add, or points are of another shape.

    Example:

    >>> space = model.latent_spaces()["z"]
    >>> combined(space, [np.full((3, 4), 2.0), np.ones((3, 4))], [np.full((3, 4), 2.5)])
    array([0.5, 0.5, 0.5, 0.5], dtype=float32)
    """
    if not plus:
        raise UserInputError("There is no concept to add: give points of one or more.")
    signs = [1] * len(plus) + [-1] * len(minus)
    total = sum(
        sign * checked_points(space, points).mean(axis=0)
        for sign, points in zip(signs, [*plus, *minus], strict=True)
    )
    return np.asarray(space.inside(total), np.float32)


def neighbours(space: LatentSpace, point, num: int, reach: float = 0.25, seed: int = 0):
    """Returns points around a point, each coordinate moved by uniform noise.

    Args:
        space: a `LatentSpace`.
        point: `[*shape]`.
        num: int.
        reach: float. The most that a coordinate moves.
        seed: int.

    Returns:
        `[num, *shape]`, brought inside the bounds of the space.

    Raises:
        UserInputError: a point of another shape, or numbers that are not finite.
    """
    (point,) = checked_points(space, np.asarray(point)[None], "point")
    whole_number("num", num, 1)
    number("reach", reach, 0, 1e6)
    noise = np.random.default_rng(seed).uniform(-reach, reach, (num, *space.shape))
    return np.asarray(space.inside((point + noise).astype(np.float32)), np.float32)
