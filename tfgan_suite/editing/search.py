"""The search for the point of a latent space that minimises an objective.

Adam and L-BFGS move points, never weights. Where a space has bounds, what is moved is the inverse
hyperbolic tangent of the point's place between them, so that no point leaves
([Zhu et al., 2016](https://arxiv.org/abs/1609.03552)).
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import number, one_of, whole_number
from tfgan_suite.editing.spaces import checked_points, points_of_seeds, rows_of
from tfgan_suite.signatures import LatentSpace
from tfgan_suite.training import GenerativeModel

Objective = Callable[[tf.Tensor, Mapping[str, tf.Tensor], Any], tf.Tensor]
"""Takes points `[B, *shape]`, the conditions' rows, and what the search is given (the image that is
looked for, say); returns what is to be minimised, `[B]`."""

OPTIMIZERS = ("adam", "lbfgs")
CANDIDATES = 16
"""Seeds that are looked at for each start: the search begins at the best."""

_MOST_STARTS = 256  # their seeds' samples are held at once
_HIGHEST_SEED = 2**62 - 1  # with room for those that follow
_CHUNK = 25  # steps between two reports of progress
_EDGE = 0.999  # of the way from the middle to a bound, where starts are brought to
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8
_HISTORY = 10
_HALVINGS = 12


@dataclasses.dataclass(frozen=True)
class SearchOptions:
    """How points are looked for.

    Args:
        optimizer: `"adam"` or `"lbfgs"`.
        steps: int. Of Adam; of L-BFGS each takes one gradient and some more values.
        learning_rate: float. Of Adam; it falls to 0 over the last quarter, as half a cosine.
        starts: int, at most 256. Points that are moved side by side; the best counts. They are the
            best of `16 * starts` seeds.
        seed: int below 2**62. The first of these seeds.
        progress: called with the steps done and their number, now and then; or None.

    Raises:
        UserInputError: on values that cannot be.
    """

    optimizer: str = "adam"
    steps: int = 300
    learning_rate: float = 0.05
    starts: int = 3
    seed: int = 0
    progress: Callable[[int, int], None] | None = None

    def __post_init__(self):
        one_of("optimizer", self.optimizer, OPTIMIZERS)
        whole_number("steps", self.steps, 1)
        whole_number("starts", self.starts, 1, _MOST_STARTS)
        whole_number("seed", self.seed, 0, _HIGHEST_SEED)
        number("learning_rate", self.learning_rate, 1e-9, 1e3)


class Found(NamedTuple):
    """What a search found.

    Attributes:
        point: `[*shape]`, the best.
        value: float. Its objective.
        values: `[starts]`. The objective that each start came to.
    """

    point: np.ndarray
    value: float
    values: np.ndarray


class Search:
    """Looks for points of a model's space.

    Args:
        model: the `GenerativeModel`.
        space: a `LatentSpace` of it.
        objective: see `Objective`.
        options: `SearchOptions`.
    """

    def __init__(
        self,
        model: GenerativeModel,
        space: LatentSpace,
        objective: Objective,
        options: SearchOptions,
    ):
        self._model, self._space, self._options = model, space, options

        def of_points(points, conditions, given):
            return objective(points, rows_of(conditions, tf.shape(points)[0]), given)

        def of_free(free, conditions, given):
            return of_points(from_free(free, space.bounds), conditions, given)

        def chunk(state, conditions, given):
            return adam_steps(
                lambda free: of_free(free, conditions, given),
                state,
                tf.minimum(_CHUNK, options.steps - state.step),
                options.learning_rate,
                options.steps,
            )

        def value_and_gradient(free, conditions, given):
            with tf.GradientTape() as tape:
                tape.watch(free)
                values = of_free(free, conditions, given)
            return values, tape.gradient(values, free)

        self._of_points = _traced_once(of_points)
        self._chunk = _traced_once(chunk)
        self._value_and_gradient = _traced_once(value_and_gradient)

    def find(self, given, conditions: Mapping, start=None) -> Found:
        """Looks for the best point.

        Args:
            given: any structure of arrays, handed to the objective.
            conditions: value of one row by name.
            start: `[*shape]` or None. A point to begin at beside the seeds', such as an encoder's.
        """
        given, conditions = tf.nest.map_structure(tf.constant, (given, dict(conditions)))
        free = to_free(tf.constant(self._starts(given, conditions, start)), self._space.bounds)
        self._report(0)
        run = self._adam if self._options.optimizer == "adam" else self._lbfgs
        best, values = run(free, conditions, given)
        points = from_free(tf.constant(best), self._space.bounds).numpy()
        chosen = int(np.argmin(np.nan_to_num(values, nan=np.inf)))
        return Found(points[chosen], float(values[chosen]), values)

    def _starts(self, given, conditions, start):
        options = self._options
        seeds = options.seed + np.arange(CANDIDATES * options.starts)
        candidates = points_of_seeds(self._model, self._space, seeds)
        values = self._of_points(tf.constant(candidates), conditions, given).numpy()
        starts = candidates[np.argsort(values, kind="stable")[: options.starts]]
        if start is None:
            return starts
        return np.concatenate([checked_points(self._space, start[None], "start"), starts])

    def _adam(self, free, conditions, given):
        state = adam_state(free)
        while (done := int(state.step)) < self._options.steps:
            state = self._chunk(state, conditions, given)
            self._report(min(done + _CHUNK, self._options.steps))
        return state.best.numpy(), state.lowest.numpy()

    def _lbfgs(self, free, conditions, given):
        shape = free.shape.as_list()

        def compute(rows):
            values, gradients = self._value_and_gradient(
                tf.constant(rows.reshape(shape), tf.float32), conditions, given
            )
            rows = gradients.numpy().reshape(len(rows), -1)
            return values.numpy().astype(np.float64), rows.astype(np.float64)

        start = free.numpy().reshape(shape[0], -1).astype(np.float64)
        best, values = lbfgs(compute, start, self._options.steps, self._report)
        return best.reshape(shape).astype(np.float32), values

    def _report(self, done):
        if self._options.progress is not None:
            self._options.progress(done, self._options.steps)


def _traced_once(function):
    """Returns a function of tensors whose shapes are those of the first call.

    Unlike a `tf.function` it does not warn where one search after the other traces its own.
    """
    compiled, traced = tf.function(function, autograph=False), []

    def call(*inputs):
        if not traced:
            traced.append(compiled.get_concrete_function(*inputs))
        return traced[0](*inputs)

    return call


def to_free(points: tf.Tensor, bounds: tuple[float, float] | None) -> tf.Tensor:
    """Returns the coordinates that are moved, of which `from_free` makes points within bounds."""
    if bounds is None:
        return points
    middle, half = sum(bounds) / 2, (bounds[1] - bounds[0]) / 2
    return tf.atanh(tf.clip_by_value((points - middle) / half, -_EDGE, _EDGE))


def from_free(free: tf.Tensor, bounds: tuple[float, float] | None) -> tf.Tensor:
    """See `to_free`."""
    if bounds is None:
        return free
    return sum(bounds) / 2 + (bounds[1] - bounds[0]) / 2 * tf.tanh(free)


class AdamState(NamedTuple):
    """Where Adam is: steps taken, points, moments, and the best points so far with their values."""

    step: tf.Tensor
    points: tf.Tensor
    mean: tf.Tensor
    square: tf.Tensor
    best: tf.Tensor
    lowest: tf.Tensor


def adam_state(points: tf.Tensor) -> AdamState:
    """Returns the state before the first step from points `[B, ...]`."""
    zeros = tf.zeros_like(points)
    lowest = tf.fill([tf.shape(points)[0]], np.float32(np.inf))
    return AdamState(tf.constant(0), points, zeros, zeros, points, lowest)


def adam_steps(objective, state: AdamState, steps, learning_rate: float, total: int) -> AdamState:
    """Takes steps of Adam, inside of a graph and without a variable.

    Args:
        objective: from points `[B, ...]` to `[B]`; no row depends on another.
        state: `AdamState`.
        steps: int or int32 scalar.
        learning_rate: float. It falls to 0 over the last quarter of the steps.
        total: int. Steps of the whole search.
    """
    last = state.step + steps

    def step(number, points, mean, square, best, lowest):
        with tf.GradientTape() as tape:
            tape.watch(points)
            values = objective(points)
        gradient = tape.gradient(values, points)
        is_better = values < lowest
        lowest = tf.where(is_better, values, lowest)
        best = tf.where(tf.reshape(is_better, [-1] + [1] * (points.shape.rank - 1)), points, best)
        mean = _BETA_1 * mean + (1 - _BETA_1) * gradient
        square = _BETA_2 * square + (1 - _BETA_2) * gradient**2
        done = tf.cast(number, tf.float32)
        left = tf.minimum(1.0, 4.0 * (1.0 - done / total))
        rate = learning_rate * (0.5 - 0.5 * tf.cos(np.pi * left))
        rate *= tf.sqrt(1 - _BETA_2 ** (done + 1)) / (1 - _BETA_1 ** (done + 1))
        points = points - rate * mean / (tf.sqrt(square) + _EPSILON)
        return number + 1, points, mean, square, best, lowest

    return AdamState(*tf.while_loop(lambda number, *_: number < last, step, state))


def lbfgs(value_and_gradient, start: np.ndarray, steps: int, report=lambda done: None):
    """Minimises each row of `start` by L-BFGS with a backtracking line search.

    Source: Nocedal and Wright, Numerical Optimization, algorithms 7.4 and 7.5.

    Args:
        value_and_gradient: from rows `[B, n]` to `[B]` and `[B, n]`; no row depends on another.
        start: float64 `[B, n]`.
        steps: int.
        report: called with the number of steps done.

    Returns:
        The rows `[B, n]` and their values `[B]`. A row that cannot be bettered stays.

    Example:

    >>> rows, _ = lbfgs(lambda x: ((x**2).sum(1), 2 * x), np.ones((2, 3)), steps=5)
    >>> bool(abs(rows).max() < 1e-6)
    True
    """
    rows, pairs = start, []
    values, gradients = value_and_gradient(rows)
    for done in range(1, steps + 1):
        directions = -_times_inverse_hessian(gradients, pairs)
        slopes = (directions * gradients).sum(1)
        is_down = slopes < 0
        directions = np.where(is_down[:, None], directions, -gradients)
        slopes = np.where(is_down, slopes, -(gradients**2).sum(1))
        length = np.ones(len(rows))
        if not pairs:  # nothing is known of the curvature yet
            length /= np.maximum(np.linalg.norm(gradients, axis=1), 1e-12)
        moved = np.zeros(len(rows), bool)
        next_rows, next_values, next_gradients = rows.copy(), values.copy(), gradients.copy()
        for _ in range(_HALVINGS):
            tried = np.where(moved[:, None], next_rows, rows + length[:, None] * directions)
            tried_values, tried_gradients = value_and_gradient(tried)
            better = ~moved & (tried_values <= values + 1e-4 * length * slopes)
            better &= np.isfinite(tried_gradients).all(1)
            next_rows[better], next_values[better] = tried[better], tried_values[better]
            next_gradients[better] = tried_gradients[better]
            moved |= better
            if moved.all():
                break
            length = np.where(moved, length, length / 2)
        if not moved.any():
            break
        pairs = [*pairs, (next_rows - rows, next_gradients - gradients)][-_HISTORY:]
        rows, values, gradients = next_rows, next_values, next_gradients
        if done % _CHUNK == 0 and done < steps:
            report(done)
    report(steps)
    return rows, values


def _times_inverse_hessian(gradients, pairs):
    """The two loops over the last steps; a pair of no positive curvature counts for nothing."""
    product, shares = gradients.copy(), []
    for step, change in reversed(pairs):
        curvature = (step * change).sum(1)
        share = np.divide(1.0, curvature, where=curvature > 1e-12, out=np.zeros_like(curvature))
        alpha = share * (step * product).sum(1)
        product -= alpha[:, None] * change
        shares.append((share, alpha))
    if pairs:
        step, change = pairs[-1]
        curvature, square = (step * change).sum(1), (change**2).sum(1)
        scale = np.divide(curvature, square, where=curvature > 1e-12, out=np.ones_like(square))
        product *= scale[:, None]
    for (step, change), (share, alpha) in zip(pairs, reversed(shares), strict=True):
        beta = share * (change * product).sum(1)
        product += (alpha - beta)[:, None] * step
    return product
