"""How well units agree with concepts: thresholds on one sample, intersection over union on another.

Source: [Bau et al., 2019](https://arxiv.org/abs/1811.10597).
"""

from typing import NamedTuple

import numpy as np

from tfgan_suite.errors import UserInputError

LEVELS = np.logspace(-3, 0, 100)[:-1]
"""Shares of the pixels above the thresholds that are tried."""

_LEAST_SHARE = 1e-3  # of pixels that a concept must have
_LEAST_AGREEMENT = 0.8  # share of pixels where unit and concept are both on or both off
_FALLBACK = 0.005  # share of the pixels above the threshold of a unit that agrees with nothing


class Thresholds(NamedTuple):
    """Thresholds of units, and what they were chosen by.

    Attributes:
        values: float32 `[U]`, each unit's threshold.
        best: int `[U]`, the concept that it was chosen for.
        quality: float `[U, K]`, the highest information-quality ratio with each concept; 0 where no
            threshold was admissible.
    """

    values: np.ndarray
    best: np.ndarray
    quality: np.ndarray


def information_quality_ratio(both, unit, concept, total) -> np.ndarray:
    """Returns mutual information over joint entropy of two binary variables, from counts.

    Args:
        both: where both are on; arrays that broadcast, as are the others.
        unit: where the first is on.
        concept: where the second is on.
        total: of all.

    Returns:
        float64 in [0, 1]: 1 for equal variables, 0 for independent ones, and for constant ones.

    Example:

    >>> float(information_quality_ratio(5, 5, 5, 20))
    1.0
    """
    both, unit, concept, total = (np.asarray(x, np.float64) for x in (both, unit, concept, total))
    joint = np.stack(
        np.broadcast_arrays(both, unit - both, concept - both, total - unit - concept + both)
    )
    mutual = _entropy([unit, total - unit], total) + _entropy([concept, total - concept], total)
    entropy = _entropy(joint, total)
    mutual = mutual - entropy
    # Of equal variables the two are computed alike, up to rounding; of none there is nothing.
    ratio = np.divide(mutual, entropy, out=np.zeros_like(entropy), where=entropy > 1e-12)
    return np.clip(ratio, 0.0, 1.0)


def _entropy(counts, total):
    """In nats, of counts along the first axis."""
    shares = np.stack(np.broadcast_arrays(*counts)) / total
    return -np.sum(shares * np.log(np.where(shares > 0, shares, 1.0)), axis=0)


def choose_thresholds(values: np.ndarray, shown: np.ndarray) -> Thresholds:
    """Chooses each unit's threshold by the information-quality ratio with its best concept.

    Tried are the thresholds that leave a share `LEVELS` of the pixels above them and are positive,
    of concepts that at least 0.1 % of the pixels show, where unit and concept agree (both on or
    both off) on more than 80 % of the pixels: the rules of the authors' code. A unit for which none
    is admissible gets the threshold that the highest 0.5 % of the pixels exceed, and their equals;
    but its lowest value exceeds none, so that a unit which is never on exceeds it nowhere.

    Args:
        values: float `[P, U]`, of units at pixels.
        shown: bool `[P, K]`, whether the pixels show the concepts.

    Raises:
        UserInputError: without pixels, units or concepts, or on arrays that do not fit.
    """
    values, shown = np.asarray(values), np.asarray(shown, bool)
    if values.ndim != 2 or shown.ndim != 2 or len(values) != len(shown) or not values.size:
        raise UserInputError(
            "choose_thresholds takes values [P, U] and concepts [P, K] of the same pixels. "
            f"Received shapes {values.shape} and {shown.shape}."
        )
    num, units = values.shape
    values = values.astype(np.float32, copy=False)
    counts = np.unique(np.clip(np.round(LEVELS * num).astype(int), 1, num))
    fallback = max(round(_FALLBACK * num), 1)
    of_concepts = shown.sum(axis=0)
    chosen = Thresholds(
        np.zeros(units, np.float32),
        np.zeros(units, int),
        np.zeros((units, shown.shape[1])),
    )
    for unit in range(units):
        order = np.argsort(-values[:, unit], kind="stable")
        descending = values[order, unit]
        # A threshold lies just below a value, so that it and its equals are above.
        lowest = descending[counts - 1]
        above = np.searchsorted(-descending, -lowest, side="right")
        both = np.concatenate([np.zeros((1, shown.shape[1])), np.cumsum(shown[order], axis=0)])
        both = both[above]
        agree = 2 * both + num - above[:, None] - of_concepts
        admissible = (
            (lowest > 0)[:, None]
            & (agree > _LEAST_AGREEMENT * num)
            & (of_concepts >= _LEAST_SHARE * num)
        )
        ratios = information_quality_ratio(both, above[:, None], of_concepts, num)
        ratios = np.where(admissible, ratios, 0.0)
        chosen.quality[unit] = ratios.max(axis=0)
        level, chosen.best[unit] = np.unravel_index(np.argmax(ratios), ratios.shape)
        found = ratios[level, chosen.best[unit]] > 0
        value = lowest[level] if found else descending[fallback - 1]
        # With its lowest value above its threshold, a unit that is never on would be on everywhere.
        chosen.values[unit] = _just_below(value) if value > descending[-1] else value
    return chosen


def _just_below(value):
    # TensorFlow's kernels take subnormal numbers for zero.
    return np.nextafter(value, np.float32(-np.inf)) if value else -np.finfo(np.float32).tiny


class Agreement:
    """Intersection over union of units and concepts, as a ratio of sums, batch by batch.

    Memory does not grow with the number of images.

    Example:

    >>> agreement = Agreement()
    >>> agreement.add([[2.0]], [2.0], [6.0], 16)
    >>> agreement.iou()
    array([[0.33333333]])
    """

    def __init__(self):
        self._both = self._units = self._concepts = 0.0
        self._pixels = 0

    def add(self, both, units, concepts, pixels: int) -> None:
        """Takes the counts of a batch.

        Args:
            both: `[U, K]`, pixels where the unit exceeds its threshold and the concept is shown.
            units: `[U]`, pixels where the unit exceeds its threshold.
            concepts: `[K]`, pixels that show the concept.
            pixels: of the batch.
        """
        self._both = self._both + np.asarray(both, np.float64)
        self._units = self._units + np.asarray(units, np.float64)
        self._concepts = self._concepts + np.asarray(concepts, np.float64)
        self._pixels += pixels

    def iou(self) -> np.ndarray:
        """Returns float64 `[U, K]`; 0 where neither a unit nor a concept has a pixel."""
        union = self._units[:, None] + self._concepts - self._both
        return np.divide(self._both, union, out=np.zeros_like(union), where=union > 0)

    def shares(self) -> np.ndarray:
        """Returns the share of pixels that shows each concept, float64 `[K]`."""
        return self._concepts / self._pixels

    def active(self) -> np.ndarray:
        """Returns the share of pixels where each unit exceeds its threshold, float64 `[U]`."""
        return self._units / self._pixels
