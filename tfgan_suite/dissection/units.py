"""Dissects a layer: for each of its units the concept that it is the best detector of."""

import functools
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfgan_suite import hashing
from tfgan_suite.data.options import whole_number
from tfgan_suite.dissection.agreement import Agreement, Thresholds, choose_thresholds
from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.networks.opened import OpenedLayer

DETECTS = 0.05
"""The IoU above which a unit counts as a detector of its best concept."""

DETECTS_QUALITY = 0.01
"""The information-quality ratio that it needs beside."""

SAMPLED_PIXELS = 2**17
"""Pixels that thresholds are chosen on: of fewer images all, of more a random part of each."""

MOST_IMAGES = 10_000_000
"""That can be measured."""


class Dissection(NamedTuple):
    """What the units of a layer detect.

    Attributes:
        layer: path of the layer.
        shape: of its features, the units last.
        concepts: names, K.
        thresholds: `Thresholds`.
        iou: float `[U, K]`.
        concept_shares: float `[K]`, share of the pixels that shows each concept.
        active: float `[U]`, share of the pixels where each unit exceeds its threshold.
        top: int `[U, T]`, numbers of the images in which each unit is most active.
        num: images measured.
        num_for_thresholds: other images, on which the thresholds were chosen.
    """

    layer: str
    shape: tuple[int, ...]
    concepts: tuple[str, ...]
    thresholds: Thresholds
    iou: np.ndarray
    concept_shares: np.ndarray
    active: np.ndarray
    top: np.ndarray
    num: int
    num_for_thresholds: int

    @property
    def best(self) -> np.ndarray:
        """int `[U]`: the concept that each unit agrees with best."""
        return np.argmax(self.iou, axis=1)

    @property
    def best_iou(self) -> np.ndarray:
        """float `[U]`."""
        return self.iou.max(axis=1)

    @property
    def detects(self) -> np.ndarray:
        """bool `[U]`: whether a unit counts as a detector of its best concept."""
        quality = np.take_along_axis(self.thresholds.quality, self.best[:, None], axis=1)[:, 0]
        return (self.best_iou > DETECTS) & (quality > DETECTS_QUALITY)

    @property
    def order(self) -> np.ndarray:
        """int `[U]`: all units, those first that detect a concept, and of these the best."""
        return np.lexsort([-self.best_iou, ~self.detects])

    def concept(self, name: str) -> int:
        """Returns the index of a concept.

        Raises:
            UserInputError: it has none of this name.
        """
        return index_of(name, self.concepts)

    def ranked(self, name: str) -> np.ndarray:
        """Returns all units, those that agree best with a concept first."""
        return np.argsort(-self.iou[:, self.concept(name)], kind="stable")


def index_of(concept: str, concepts) -> int:
    """Returns the index of a concept among names.

    Raises:
        UserInputError: there is none of this name.
    """
    if concept not in concepts:
        raise UserInputError(
            f"There is no concept {concept!r}.{closest_name(concept, concepts)} The segmenter "
            f"tells {', '.join(concepts)}."
        )
    return list(concepts).index(concept)


class Subject:
    """What is dissected: images by number, and the layer that they come through.

    Args:
        opened: `OpenedLayer` whose function makes images `[B, H, W, C]` in [-1, 1].
        inputs: takes numbers of images, ints `[B]`, and returns what the function takes.
        segmenter: see `segmenters`.
        batch_size: images computed at once.

    Raises:
        UserInputError: features that are neither maps nor vectors, or no batch size.
    """

    def __init__(
        self,
        opened: OpenedLayer,
        inputs: Callable[[np.ndarray], Any],
        segmenter: Callable[[tf.Tensor], tf.Tensor],
        batch_size: int = 32,
    ):
        if len(opened.shape) not in (1, 3):
            raise UserInputError(
                f"The layer {opened.path!r} has features of shape {opened.shape}; dissected are "
                "those of shape (height, width, units) or (units,)."
            )
        whole_number("batch_size", batch_size, 1)
        self.opened, self.inputs = opened, inputs
        self.segmenter, self.batch_size = segmenter, batch_size
        self._compiled = {}

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of the features; 1 and 1 for those of a dense layer."""
        shape = self.opened.shape
        return shape[:2] if len(shape) == 3 else (1, 1)

    @property
    def concepts(self) -> tuple[str, ...]:
        """Names of the concepts that the segmenter tells."""
        return tuple(self.segmenter.concepts)

    def concept(self, name: str) -> int:
        """Returns the index of a concept.

        Raises:
            UserInputError: the segmenter has none of this name.
        """
        return index_of(name, self.concepts)

    def compiled(self, key, function: Callable) -> Callable:
        """Returns the compiled form of a function, traced once for each key."""
        if key not in self._compiled:
            self._compiled[key] = tf.function(function, reduce_retracing=True)
        return self._compiled[key]

    def batches(self, numbers, progress=None):
        """Yields `(numbers, inputs)` batch by batch; moves a bar by what was done with them."""
        numbers = np.asarray(numbers)
        for start in range(0, len(numbers), self.batch_size):
            part = numbers[start : start + self.batch_size]
            yield part, tf.nest.map_structure(tf.constant, self.inputs(part))
            if progress is not None:
                progress.update(len(part))


def dissect(
    subject: Subject,
    num: int = 1000,
    num_for_thresholds: int = 1000,
    top: int = 6,
    progress: bool = False,
) -> Dissection:
    """Measures what each unit of a layer detects.

    The thresholds come from images that are not measured: the images after the first `num`. Memory
    does not grow with the number of images.

    Args:
        subject: what is dissected.
        num: images measured, at most 10 million.
        num_for_thresholds: images that the thresholds are chosen on, at most 131,072.
        top: how many images to note in which a unit is most active.
        progress: whether to show bars on the error output.
    """
    whole_number("num", num, 1, MOST_IMAGES)
    whole_number("num_for_thresholds", num_for_thresholds, 1, SAMPLED_PIXELS)
    others = np.arange(num, num + num_for_thresholds)
    values, shown = _sampled(subject, others, progress)
    thresholds = choose_thresholds(values, shown)
    del values, shown
    agreement, best = Agreement(), _Top(subject.opened.num_units, min(top, num))
    counts = subject.compiled("counts", functools.partial(_counts, subject))
    values = tf.constant(thresholds.values)
    with bar("measuring", num, progress) as shown_bar:
        for numbers, inputs in subject.batches(np.arange(num), shown_bar):
            *sums, strongest, pixels = (part.numpy() for part in counts(inputs, values))
            agreement.add(*sums, int(pixels))
            best.add(numbers, strongest)
    return Dissection(
        subject.opened.path,
        subject.opened.shape,
        subject.concepts,
        thresholds,
        agreement.iou(),
        agreement.shares(),
        agreement.active(),
        best.numbers,
        num,
        num_for_thresholds,
    )


def nearest(num: int, of: int) -> np.ndarray:
    """Returns for each of `num` places in a row the nearest of `of` places over the same length.

    Of two at one distance the first; ints `[num]`.

    Example:

    >>> nearest(4, 12)
    array([ 1,  4,  7, 10])
    """
    return ((2 * np.arange(num) + 1) * of - 1) // (2 * num)


def bar(what: str, total: int, shown: bool):
    """Returns a progress bar of images on the error output."""
    return tqdm(
        desc=what, total=total, unit=" images", file=sys.stderr, mininterval=1, disable=not shown
    )


def features_and_masks(subject: Subject, inputs) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the features at the size of the images, and where these show the concepts.

    Features are enlarged bilinearly, pixel centres on pixel centres; those of a dense layer hold
    for the whole image.

    Returns:
        float32 `[B, H, W, U]` and bool `[B, H, W, K]`.
    """
    images, features = subject.opened.compute(inputs)
    if features.shape.rank == 2:
        features = features[:, None, None, :]
    return enlarged(features, *images.shape[1:3]), subject.segmenter(images) > 0.5


def enlarged(features: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Returns maps `[B, h, w, U]` at another size, bilinearly, as `tf.image.resize` does.

    By two products of matrices: of many units that takes a sixth of the time.
    """
    rows, columns, units = features.shape[1:]
    by_row, by_column = _bilinear(height, rows), _bilinear(width, columns)
    features = tf.linalg.matmul(by_row, tf.reshape(features, [-1, rows, columns * units]))
    features = tf.linalg.matmul(by_column, tf.reshape(features, [-1, columns, units]))
    return tf.reshape(features, [-1, height, width, units])


def _bilinear(num, of):
    """Returns what each of `num` places takes of each of `of` over the same length."""
    centres = np.clip((np.arange(num) + 0.5) * of / num - 0.5, 0, of - 1)
    return np.maximum(1 - np.abs(centres[:, None] - np.arange(of)), 0).astype(np.float32)


def _counts(subject, inputs, thresholds):
    features, masks = features_and_masks(subject, inputs)
    strongest = tf.reduce_max(features, axis=[1, 2])
    units, concepts = features.shape[-1], masks.shape[-1]
    above = tf.cast(tf.reshape(features, [-1, units]) > thresholds, tf.float32)
    masks = tf.cast(tf.reshape(masks, [-1, concepts]), tf.float32)
    # A concept that is everywhere counts the pixels above thresholds in the same product.
    counted = tf.concat([masks, tf.ones_like(masks[:, :1])], axis=1)
    both = tf.transpose(tf.matmul(counted, above, transpose_a=True))
    return (
        both[:, :-1],
        both[:, -1],
        tf.reduce_sum(masks, axis=0),
        strongest,
        tf.shape(above)[0],
    )


def _sampled(subject, numbers, progress):
    """Returns units and concepts at pixels of images, each image giving the same number."""

    each = max(SAMPLED_PIXELS // len(numbers), 1)
    key = hashing.key(len(numbers))
    values, shown = [], []
    whole = None
    with bar("thresholds", len(numbers), progress) as shown_bar:
        for part, inputs in subject.batches(numbers, shown_bar):
            if whole is None:  # an image with no more pixels than are asked for gives all of them
                images = subject.opened.compute(inputs)[0]
                whole = images.shape[1] * images.shape[2] <= each
            draws = None if whole else hashing.uniform(key, tf.constant(part, tf.int64), each)
            at_pixels = subject.compiled(("pixels", whole), functools.partial(_at_pixels, subject))
            for found, kept in zip(at_pixels(inputs, draws), (values, shown), strict=True):
                kept.append(found.numpy().reshape(-1, found.shape[-1]))
    return np.concatenate(values), np.concatenate(shown)


def _at_pixels(subject, inputs, draws):
    """Returns features and masks at pixels, `[B, P, ...]`: at all where `draws` is None."""
    features, masks = features_and_masks(subject, inputs)
    total = tf.shape(features)[1] * tf.shape(features)[2]
    features = tf.reshape(features, [tf.shape(features)[0], -1, features.shape[-1]])
    masks = tf.reshape(masks, [tf.shape(masks)[0], -1, masks.shape[-1]])
    if draws is None:
        return features, masks
    places = tf.cast(draws * tf.cast(total, tf.float32), tf.int32)
    return tf.gather(features, places, batch_dims=1), tf.gather(masks, places, batch_dims=1)


class _Top:
    """The images in which each unit is most active, of any number of them."""

    def __init__(self, units, count):
        self._values = np.full((units, count), -np.inf, np.float32)
        self.numbers = np.zeros((units, count), np.int64)

    def add(self, numbers, strongest):
        values = np.concatenate([self._values, strongest.T], axis=1)
        numbers = np.concatenate(
            [self.numbers, np.broadcast_to(numbers, strongest.T.shape)], axis=1
        )
        count = self._values.shape[1]
        order = np.argsort(-values, axis=1, kind="stable")[:, :count]
        self._values = np.take_along_axis(values, order, axis=1)
        self.numbers = np.take_along_axis(numbers, order, axis=1)
