"""What units cause: they are switched off and on at chosen places, and what images show is counted.

Source: [Bau et al., 2019](https://arxiv.org/abs/1811.10597), section 3.2. An insertion is measured
where it is made; the authors' code measures it at the places of the ablation.
"""

import dataclasses
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.dissection.units import Subject, bar, nearest
from tfgan_suite.errors import UserInputError
from tfgan_suite.networks.opened import Edit

_PRESENT = 0.25  # share of a place's pixels from which a concept is there
_ABSENT = 0.01  # and up to which it is not


@dataclasses.dataclass(frozen=True, eq=False)
class Places:
    """Places of the features, one in each of some images.

    Attributes:
        numbers: int `[N]`, of the images.
        rows, columns: int `[N]`.
    """

    numbers: np.ndarray
    rows: np.ndarray
    columns: np.ndarray

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, chosen) -> "Places":
        return Places(self.numbers[chosen], self.rows[chosen], self.columns[chosen])

    def __add__(self, other) -> "Places":
        return Places(
            np.concatenate([self.numbers, other.numbers]),
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.columns, other.columns]),
        )

    def mask(self, height: int, width: int) -> np.ndarray:
        """Returns 1 at each image's place, else 0: float32 `[N, height, width]`."""
        mask = np.zeros((len(self), height, width), np.float32)
        mask[np.arange(len(self)), self.rows, self.columns] = 1
        return mask


class Found(NamedTuple):
    """Where a concept is and where not, and what the units do where it is.

    Attributes:
        present, absent: `Places` at which the concept covers more than a quarter, and none, of the
            pixels.
        mean: float32 `[U]`, the mean features where the concept is, weighted by its share: what
            `switch on` sets units to.
        share: float, the share of the pixels that shows the concept.
    """

    present: Places
    absent: Places
    mean: np.ndarray
    share: float


class Optimised(NamedTuple):
    """Units that cause a concept, chosen by its gradient.

    Attributes:
        alpha: float32 `[U]` in [0, 1].
        losses: float `[steps]`, before each step.
    """

    alpha: np.ndarray
    losses: np.ndarray

    def ranked(self) -> np.ndarray:
        """Returns all units, the largest alpha first."""
        return np.argsort(-self.alpha, kind="stable")


def usual_count(num_units: int) -> int:
    """Returns how many units of a layer are switched: a tenth, at most the paper's 20 of 512.

    Of a small layer 20 would be a third or more, which takes away what else the images show.

    Example:

    >>> usual_count(64), usual_count(512)
    (6, 20)
    """
    return min(max(round(num_units / 10), 1), 20)


def find_places(
    subject: Subject, concept: str, numbers, seed: int = 0, progress: bool = False
) -> Found:
    """Searches images for places with and without a concept, at most one of each in an image.

    Args:
        subject: what is dissected.
        concept: name.
        numbers: ints, which images.
        seed: which place of an image is taken.
        progress: whether to show a bar.

    Raises:
        UserInputError: no such concept, or it is in none of the images.
    """
    index = subject.concept(concept)
    height, width = subject.sides

    @tf.function
    def measure(inputs):
        images, features = subject.opened.compute(inputs)
        shown = _masks(subject, images)[..., index]
        return features, _by_place(shown, height, width)

    rng = np.random.default_rng(seed)
    found = {True: [], False: []}
    weights, total, share = 0.0, 0.0, 0.0
    with bar(f"searching for {concept}", len(numbers), progress) as shown_bar:
        for part, inputs in subject.batches(numbers, shown_bar):
            features, shares = (tensor.numpy() for tensor in measure(inputs))
            flat = shares.reshape(len(part), -1)
            weights += flat.sum()
            share += flat.mean(axis=1).sum()
            features = features.reshape(len(part), flat.shape[1], -1)
            total = total + np.einsum("bp,bpu->u", flat, features, dtype=np.float64)
            for number, row in zip(part, flat, strict=True):
                for present, kept in found.items():
                    places = np.flatnonzero(row > _PRESENT if present else row <= _ABSENT)
                    if len(places):
                        kept.append((number, *divmod(int(rng.choice(places)), width)))
    if not weights:
        raise UserInputError(f"None of {len(numbers)} images shows {concept!r}: nothing to change.")
    present, absent = (
        Places(*np.array(kept, int).reshape(-1, 3).T) for kept in (found[True], found[False])
    )
    return Found(present, absent, (total / weights).astype(np.float32), float(share / len(numbers)))


def effect(subject: Subject, units, concept: str, value: np.ndarray, places: Places) -> float:
    """Returns the average causal effect of units on a concept.

    It is the mean share of the concept near a place where the units are switched on, minus that
    near the same place where they are switched off. Near: in the pixels that belong to the place.

    Args:
        subject: what is dissected.
        units: ints.
        concept: name.
        value: float `[U]`, what units are switched on to.
        places: of which images, at least one.
    """
    strength = subject.opened.strength(units)
    on, off = (shares_at(subject, concept, places, strength, k) for k in (value, 0.0))
    return float(np.mean(on) - np.mean(off))


def shares_at(subject: Subject, concept: str, places: Places, strength, value) -> np.ndarray:
    """Returns the concept's share near each place after an edit there, float `[N]`.

    Args:
        subject: what is dissected.
        concept: name.
        places: where it is edited and measured.
        strength: float that broadcasts to `[U]`: 1 switches a unit, 0 leaves it.
        value: float that broadcasts to `[U]`: what is switched to.

    Raises:
        UserInputError: no such concept, or no place.
    """
    index = subject.concept(concept)
    if not len(places):
        raise UserInputError(f"There is no place to measure {concept!r} at: search more images.")
    height, width = subject.sides
    units = subject.opened.num_units
    strength, value = (
        tf.constant(np.broadcast_to(np.reshape(x, -1), [units]), tf.float32)
        for x in (strength, value)
    )
    function = subject.compiled(("near", index), _share_near(subject, index, hard=True))
    shares = []
    for start in range(0, len(places), subject.batch_size):
        part = places[start : start + subject.batch_size]
        inputs = tf.nest.map_structure(tf.constant, subject.inputs(part.numbers))
        shares.append(function(inputs, tf.constant(part.mask(height, width)), strength, value))
    return np.concatenate([np.asarray(part) for part in shares])


def optimised_units(
    subject: Subject,
    concept: str,
    found: Found,
    start: np.ndarray,
    steps: int = 200,
    weight: float = 0.005,
    learning_rate: float = 0.01,
    batch_size: int = 8,
    seed: int = 0,
    progress: bool = False,
) -> Optimised:
    """Chooses units by gradient descent on how strongly each is switched.

    Minimised is the concept's score near a place where alpha of each unit is switched off, minus
    that near a place where alpha of it is switched on, plus `weight` |alpha|^2; alpha is kept in
    [0, 1] (Adam). Each score is measured at the place of its own edit.

    Args:
        subject: what is dissected; its segmenter's scores have gradients.
        concept: name.
        found: places of the concept and its mean features.
        start: float `[U]` in [0, 1], such as `start_of_ranking`.
        steps: of Adam.
        weight: of the squared length of alpha.
        learning_rate: of Adam.
        batch_size: places of each kind in a step.
        seed: which places in which step.
        progress: whether to show a bar.

    Raises:
        UserInputError: no places, or a segmenter without gradients.
    """
    if not len(found.present) or not len(found.absent):
        raise UserInputError(
            f"{len(found.present)} places show {concept!r} and {len(found.absent)} do not: units "
            "are optimised with some of both. Search more images."
        )
    index = subject.concept(concept)
    height, width = subject.sides
    near = _share_near(subject, index, hard=False)
    alpha = keras.Variable(np.clip(start, 0, 1).astype(np.float32), name="alpha")
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build([alpha])
    value = tf.constant(found.mean)

    @tf.function
    def step(ablated, ablated_mask, inserted, inserted_mask):
        strength = tf.identity(alpha.value)
        with tf.GradientTape() as tape:
            tape.watch(strength)
            off = near(ablated, ablated_mask, strength, tf.zeros_like(value))
            on = near(inserted, inserted_mask, strength, value)
            causal = tf.reduce_mean(on) - tf.reduce_mean(off)
        gradient = tape.gradient(causal, strength)
        if gradient is None:
            raise UserInputError(
                f"The scores of {concept!r} have no gradient: rank units by IoU instead (steps=0)."
            )
        optimizer.apply([2 * weight * strength - gradient], [alpha])
        alpha.assign(tf.clip_by_value(alpha.value, 0.0, 1.0))
        return weight * tf.reduce_sum(tf.square(strength)) - causal

    rng = np.random.default_rng(seed)
    losses = []
    with bar(f"optimising units for {concept}", steps, progress) as shown_bar:
        for _ in range(steps):
            drawn = [
                places[rng.integers(0, len(places), batch_size)]
                for places in (found.present, found.absent)
            ]
            arguments = []
            for places in drawn:
                inputs = tf.nest.map_structure(tf.constant, subject.inputs(places.numbers))
                arguments += [inputs, tf.constant(places.mask(height, width))]
            losses.append(float(step(*arguments)))
            shown_bar.update(1)
    return Optimised(alpha.numpy(), np.array(losses))


def start_of_ranking(iou: np.ndarray) -> np.ndarray:
    """Returns where optimisation begins: IoU with the concept over the largest, float `[U]`."""
    return iou / max(float(iou.max()), 1e-12)


def effects_of_units(
    subject: Subject, units, values, numbers, progress: bool = False
) -> np.ndarray:
    """Returns what each unit by itself causes, float `[len(units), K]`.

    It is the share of the pixels of whole images that show a concept when the unit is switched on
    everywhere, minus that when it is switched off everywhere.

    Args:
        subject: what is dissected.
        units: ints.
        values: float `[len(units)]`, what each is switched on to.
        numbers: ints, which images.
        progress: whether to show a bar.
    """
    units = subject.opened.checked_units(units)
    effects = np.zeros((len(units), len(subject.concepts)))
    with bar("effects of units", len(numbers) * len(units), progress) as shown_bar:
        for place, (unit, value) in enumerate(zip(units, values, strict=True)):
            on, off = (shares_shown(subject, [unit], numbers, value=k) for k in (value, 0.0))
            effects[place] = on - off
            shown_bar.update(len(numbers))
    return effects


def mean_features(subject: Subject, numbers, progress: bool = False) -> np.ndarray:
    """Returns the mean features where each concept is, weighted by its share, float32 `[U, K]`.

    Of a concept that none of the images shows they are 0.
    """
    height, width = subject.sides

    @tf.function
    def sums(inputs):
        images, features = subject.opened.compute(inputs)
        shown = tf.cast(_masks(subject, images), tf.float32)
        shares = tf.reshape(_by_place(shown, height, width), [-1, shown.shape[-1]])
        features = tf.reshape(features, [-1, features.shape[-1]])
        return tf.matmul(features, shares, transpose_a=True), tf.reduce_sum(shares, axis=0)

    total = weights = 0.0
    with bar("mean features", len(numbers), progress) as shown_bar:
        for _, inputs in subject.batches(numbers, shown_bar):
            added = [part.numpy().astype(np.float64) for part in sums(inputs)]
            total, weights = total + added[0], weights + added[1]
    return np.divide(total, weights, out=np.zeros_like(total), where=weights > 0).astype(np.float32)


def shares_shown(subject: Subject, units, numbers, at=None, value=0.0) -> np.ndarray:
    """Returns the share of whole images that shows each concept when units are switched.

    Args:
        subject: what is dissected.
        units: ints; none leaves the images as they are.
        numbers: ints, which images.
        at: places `[h, w]`, 1 where units are switched; None: everywhere.
        value: float or `[U]`: what they are switched to; 0 is off.

    Returns:
        float `[K]`.
    """

    def shares(inputs, strength, value):
        images, _ = subject.opened.compute(inputs, Edit(strength, value))
        return tf.reduce_mean(tf.cast(_masks(subject, images), tf.float32), axis=[1, 2])

    strength = tf.constant(subject.opened.strength(units, at))
    value = tf.constant(np.broadcast_to(value, [subject.opened.num_units]), tf.float32)
    function = subject.compiled("shares", shares)
    total = 0.0
    for _, inputs in subject.batches(numbers):
        total = total + function(inputs, strength, value).numpy().sum(axis=0)
    return total / len(numbers)


def ablation_curve(
    subject: Subject, ranking, numbers, counts=None, progress: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Switches units off one after the other, everywhere, and measures what images show.

    Args:
        subject: what is dissected.
        ranking: ints, units in the order in which they go.
        numbers: ints, which images.
        counts: ints, after how many units it is measured. None: 0, 1, 2, 4 ... and all of them.
        progress: whether to show a bar.

    Returns:
        The counts, int `[M]`, and the shares of the concepts, float `[M, K]`.
    """
    ranking = subject.opened.checked_units(ranking)
    if counts is None:
        doublings = 2 ** np.arange(int(np.log2(max(len(ranking), 1))) + 1)
        counts = np.unique(np.concatenate([[0], doublings, [len(ranking)]]))
    shares = []
    with bar("ablation curve", len(counts) * len(numbers), progress) as shown_bar:
        for count in counts:
            shares.append(shares_shown(subject, ranking[:count], numbers))
            shown_bar.update(len(numbers))
    return np.asarray(counts), np.stack(shares)


def insertion_map(
    subject: Subject, units, concept: str, value, numbers, progress: bool = False
) -> np.ndarray:
    """Returns how much of a concept appears where units are switched on, place by place.

    Args:
        subject: what is dissected.
        units: ints.
        concept: name.
        value: float `[U]`: what they are switched on to.
        numbers: ints, which images.
        progress: whether to show a bar.

    Returns:
        float `[h, w]`: the mean share of the concept near the place with the units on, minus that
        of the untouched image there.
    """
    height, width = subject.sides
    numbers = np.asarray(numbers)
    strength = subject.opened.strength(units)
    before = _shares_by_place(subject, subject.concept(concept), numbers)
    gained = np.zeros((height, width))
    with bar("inserting", height * width * len(numbers), progress) as shown_bar:
        for row in range(height):
            for column in range(width):
                places = Places(numbers, *(np.full_like(numbers, at) for at in (row, column)))
                after = shares_at(subject, concept, places, strength, value)
                gained[row, column] = np.mean(after - before[:, row, column])
                shown_bar.update(len(numbers))
    return gained


def _shares_by_place(subject, index, numbers):
    height, width = subject.sides

    def shares(inputs):
        images, _ = subject.opened.compute(inputs)
        return _by_place(_masks(subject, images)[..., index], height, width)

    function = subject.compiled(("places", index), shares)
    return np.concatenate([function(inputs).numpy() for _, inputs in subject.batches(numbers)])


def _share_near(subject, index, hard):
    """Returns a function from inputs, mask of places and an edit to a concept's share there."""
    height, width = subject.sides

    def function(inputs, mask, strength, value):
        if len(subject.opened.shape) == 3:
            strength, at = strength[None, None, None, :], mask[..., None]
        else:
            strength, at = strength[None, :], mask[:, 0, 0, None]
        images, _ = subject.opened.compute(inputs, Edit(strength * at, value))
        shown = subject.segmenter(images)[..., index]
        shown = tf.cast(shown > 0.5, tf.float32) if hard else shown
        return tf.reduce_sum(_by_place(shown, height, width) * mask, axis=[1, 2])

    return function


def _masks(subject, images):
    return subject.segmenter(images) > 0.5


def _by_place(shown, height, width):
    """Returns the mean of `[B, H, W, ...]` over the pixels of each place, `[B, h, w, ...]`."""
    shown = tf.cast(shown, tf.float32)
    maps = shown[..., None] if shown.shape.rank == 3 else shown
    # An image whose side is no multiple of the features' gives a place the pixels nearest to it.
    by_row = _averages(nearest(maps.shape[1], height), height)
    by_column = _averages(nearest(maps.shape[2], width), width)
    means = tf.einsum("byxk,yh,xw->bhwk", maps, by_row, by_column)
    return means[..., 0] if shown.shape.rank == 3 else means


def _averages(owners, places):
    members = (owners[:, None] == np.arange(places)).astype(np.float32)
    return members / np.maximum(members.sum(axis=0), 1)
