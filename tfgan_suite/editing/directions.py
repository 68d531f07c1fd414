"""Directions of a latent space: of attributes, and of most change."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tfgan_suite.editing.spaces import (
    checked_conditions,
    checked_points,
    decoded,
    find_space,
    points_of_seeds,
)
from tfgan_suite.errors import UserInputError
from tfgan_suite.signatures import LatentSpace
from tfgan_suite.training import GenerativeModel

HELD_OUT = 5  # every fifth point measures a classifier or a regression
_FARTHEST = 1e6  # that points are moved
_RIDGE = 1e-2
_NEWTON_STEPS = 30
_FEWEST = 10  # points with an attribute, and without
_ROUNDING = 1e-6  # what differs by less, beside its own size, is alike
_ALIKE = "The samples do not differ, so they give no direction."


@dataclasses.dataclass(frozen=True)
class Direction:
    """A direction of a latent space.

    Args:
        vector: `[*shape]`, of length 1.
        accuracy: of the linear classifier on held-out points, each of both classes counting for a
            half; None for a direction that is no attribute's.
        share: of the variance that the direction explains: of the features; or of a value, on
            held-out points. None for an attribute's.
    """

    vector: np.ndarray
    accuracy: float | None = None
    share: float | None = None


def attribute_directions(
    space: LatentSpace, points, labels: Mapping[str, np.ndarray]
) -> dict[str, Direction]:
    """Returns for each attribute the normal of the plane that tells points with it from others.

    A logistic regression in which both classes weigh the same. An attribute that tends to come with
    another has a direction that leads to both: see `without` and `leakage`.

    Source: [Shen et al., 2020](https://arxiv.org/abs/1907.10786), with a logistic regression in the
    place of a support vector machine.

    Args:
        space: a `LatentSpace`.
        points: `[N, *shape]`.
        labels: bool `[N]` by attribute.

    Raises:
        UserInputError: labels of another number, or fewer than 10 points with or without one.
    """
    points = checked_points(space, points).reshape(len(points), -1).astype(np.float64)
    directions = {}
    for name, label in labels.items():
        label = np.asarray(label)
        if label.shape != (len(points),):
            raise UserInputError(
                f"Attribute {name!r} has labels of shape {label.shape}; expected one for each of "
                f"the {len(points)} points."
            )
        label = label.astype(bool)
        if min(label.sum(), (~label).sum()) < _FEWEST:
            raise UserInputError(
                f"Attribute {name!r}: {label.sum()} of {len(label)} points have it; expected at "
                f"least {_FEWEST} with it and {_FEWEST} without. Draw more samples."
            )
        is_test = np.arange(len(label)) % HELD_OUT == 0
        if len({*label[is_test]}) < 2 or len({*label[~is_test]}) < 2:
            raise UserInputError(f"Attribute {name!r} is too rare: draw more samples.")
        scale = points.std(axis=0) + 1e-12
        mean = points.mean(axis=0)
        rows = (points - mean) / scale
        weights, bias = _logistic_regression(rows[~is_test], label[~is_test])
        right = (rows[is_test] @ weights + bias > 0) == label[is_test]
        accuracy = np.mean([right[label[is_test] == is_one].mean() for is_one in (True, False)])
        directions[name] = Direction(_unit(weights / scale, space), accuracy=float(accuracy))
    return directions


def component_directions(space: LatentSpace, points, num: int, features=None) -> list[Direction]:
    """Returns the directions along which samples differ most, the strongest first.

    The principal components of features, and for each the direction of points that goes with it: a
    least-squares regression of points on the component
    ([Harkonen et al., 2020](https://arxiv.org/abs/2004.02546), whose features are a layer's).

    Args:
        space: a `LatentSpace`.
        points: `[N, *shape]`.
        num: int.
        features: `[N, ...]`, such as the points' images. None: the points themselves, which makes
            sense for a space whose points are not spread evenly in all directions, such as w.

    Raises:
        UserInputError: there are fewer points than components, or the features do not differ. As
            many directions as they differ in are returned at most.
    """
    points = checked_points(space, points)
    if not 1 <= num < len(points):
        raise UserInputError(
            f"{num} components need more points than that, and 1 at least. Received: {len(points)} "
            "points."
        )
    rows = points.reshape(len(points), -1).astype(np.float64)
    rows = rows - rows.mean(axis=0)
    features = rows if features is None else np.reshape(features, (len(points), -1))
    length = np.linalg.norm(features)
    features = features - features.mean(axis=0, dtype=np.float64)
    places, strengths, _ = np.linalg.svd(features, full_matrices=False)
    strengths = strengths[strengths > _ROUNDING * length]
    if not len(strengths):
        raise UserInputError(_ALIKE)
    shares = strengths**2 / np.sum(strengths**2)
    return [
        Direction(_unit(places[:, i] @ rows, space), share=float(shares[i]))
        for i in range(min(num, len(shares)))
    ]


def value_direction(space: LatentSpace, points, values) -> Direction:
    """Returns the direction in which a number grows, by linear regression on the points.

    Args:
        space: a `LatentSpace`.
        points: `[N, *shape]`.
        values: `[N]`, such as the brightness of the points' samples.

    Returns:
        A `Direction` whose `share` is that of the values' variance which the regression explains:
        that of held-out points, since among few points anything is explained by many coordinates.

    Raises:
        UserInputError: values of another number, or all the same.
    """
    points = checked_points(space, points)
    values = np.asarray(values, np.float64)
    if values.shape != (len(points),):
        raise UserInputError(
            f"values: expected one for each of the {len(points)} points. Received: {values.shape}."
        )
    if not np.ptp(values) > _ROUNDING * np.abs(values).max():
        raise UserInputError(_ALIKE)
    rows = points.reshape(len(points), -1).astype(np.float64)
    is_test = np.arange(len(rows)) % HELD_OUT == 0
    rows, values = rows - rows[~is_test].mean(axis=0), values - values[~is_test].mean()
    slope = np.linalg.lstsq(rows[~is_test], values[~is_test], rcond=None)[0]
    left, whole = (np.sum(x[is_test] ** 2) for x in (values - rows @ slope, values))
    return Direction(_unit(slope, space), share=float(max(1 - left / whole, 0) if whole else 0))


def without(direction: Direction, others: Sequence[Direction]) -> Direction:
    """Returns the part of a direction that is at right angles to others.

    Moving along it changes the distance to none of the others' planes.

    Raises:
        UserInputError: nothing is left.
    """
    shape = direction.vector.shape
    vector = direction.vector.ravel().astype(np.float64)
    basis = np.stack([other.vector.ravel() for other in others], axis=1).astype(np.float64)
    left = vector - basis @ np.linalg.lstsq(basis, vector, rcond=None)[0]
    length = np.linalg.norm(left)
    if length < 1e-6:
        raise UserInputError("The direction lies in the span of the others: nothing is left of it.")
    return Direction((left / length).reshape(shape).astype(np.float32))


def leakage(
    model: GenerativeModel,
    direction: Direction,
    strength: float,
    classify: Callable[[np.ndarray], Mapping[str, np.ndarray]],
    *,
    space: str | None = None,
    conditions: Mapping | None = None,
    seeds: Sequence[int] = range(256),
) -> dict[str, dict[str, float]]:
    """Measures what moving along a direction does to each attribute.

    Args:
        model: a model with `latent_spaces`.
        direction: a `Direction` of the space.
        strength: float. How far samples move.
        classify: from images `[N, H, W, C]` to bool `[N]` by attribute.
        space, conditions: see `project`.
        seeds: ints, of the samples that are moved.

    Returns:
        By attribute `{"before": share of the samples that have it, "after", "change", "kept": share
        of the samples in which it is as before}`. Changes of other attributes than the direction's
        are its leakage.
    """
    latents = find_space(model, space)
    conditions = checked_conditions(latents, conditions)
    points = points_of_seeds(model, latents, list(seeds))
    both = np.concatenate([points, moved(latents, points, direction, strength)])
    images = decoded(model, latents, both, conditions)
    before, after = (classify(half) for half in np.split(images, 2))
    return {
        name: {
            "before": float(np.mean(before[name])),
            "after": float(np.mean(after[name])),
            "change": float(np.mean(after[name])) - float(np.mean(before[name])),
            "kept": float(np.mean(np.equal(before[name], after[name]))),
        }
        for name in before
    }


def moved(space: LatentSpace, points, direction: Direction, strength: float) -> np.ndarray:
    """Returns points `[N, *shape]` moved along a direction, inside the bounds of the space.

    Raises:
        UserInputError: points that do not fit, or a strength that is not finite.
    """
    if not abs(strength) <= _FARTHEST:
        raise UserInputError(
            f"strength must be a number from {-_FARTHEST:g} to {_FARTHEST:g}. Received: {strength}."
        )
    points = checked_points(space, points) + np.float32(strength) * direction.vector
    return np.asarray(space.inside(points), np.float32)


def _unit(vector, space):
    length = np.linalg.norm(vector)
    if not length > 0:
        raise UserInputError(_ALIKE)
    return (vector / length).reshape(space.shape).astype(np.float32)


def _logistic_regression(rows, label):
    """Returns weights and bias by Newton's method, with a ridge and classes of equal weight."""
    design = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    share = np.where(label, 0.5 / label.sum(), 0.5 / (~label).sum())
    ridge = np.full(design.shape[1], _RIDGE)
    ridge[-1] = 1e-9
    weights = np.zeros(design.shape[1])
    for _ in range(_NEWTON_STEPS):
        probability = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (share * (probability - label)) + ridge * weights
        curvature = share * probability * (1 - probability)
        step = np.linalg.solve((design.T * curvature) @ design + np.diag(ridge), gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    return weights[:-1], weights[-1]
