"""Units that make artifacts: found by marked images or by a score, and switched off.

Source: [Bau et al., 2019](https://arxiv.org/abs/1811.10597), section 4.3, where people mark units
whose images look bad and about 20 of them are switched off.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_suite.dissection.units import Subject, bar
from tfgan_suite.errors import UserInputError
from tfgan_suite.files import read_text
from tfgan_suite.metrics import ImageFeatures, to_uint8

_WORST = 0.1  # share of the images that counts as bad by a score
_MOST = 2**31  # numbers of images are below it


def read_marks(path: str | Path) -> dict[str, np.ndarray]:
    """Reads what people marked: `{"units": [3, 17]}` or `{"images": [0, 12, 40]}`, as JSON.

    Raises:
        UserInputError: there is no such file, or it holds something else.
    """
    expected = 'expected JSON such as {"units": [3, 17]} or {"images": [0, 12]}'
    try:
        marks = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError) as error:
        raise UserInputError(f"{path} cannot be read: {error}; {expected}.") from error
    is_right = isinstance(marks, dict) and len(marks) == 1 and set(marks) <= {"units", "images"}
    numbers = list(marks.values())[0] if is_right else None
    if not isinstance(numbers, list) or not numbers or not all(
        isinstance(n, int) and not isinstance(n, bool) and 0 <= n < _MOST for n in numbers
    ):  # fmt: skip
        raise UserInputError(f"{path} holds {str(marks)[:80]!r}; {expected}.")
    return {name: np.array(numbers) for name, numbers in marks.items()}


def scores_by_concept(subject: Subject, concept: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns a score of images, `[B]`: the share of a concept that should not be there."""
    index = subject.concept(concept)

    @tf.function
    def score(images):
        shown = tf.cast(subject.segmenter(images)[..., index] > 0.5, tf.float32)
        return tf.reduce_mean(shown, axis=[1, 2])

    return score


def scores_by_discriminator(model) -> Callable:
    """Returns a score of images, `[B]`: minus the logit that a discriminator gives them.

    Raises:
        UserInputError: none of the model's judges an image by itself.
    """
    space = next(iter(model.kept_latent_spaces().values()), None)
    if space is None or space.judge is None or space.conditions:
        raise UserInputError(
            f"No discriminator of a {type(model).__name__} judges an image by itself: choose "
            "another score."
        )

    @tf.function
    def score(images):
        logits = tf.cast(space.judge(images, {}), tf.float32)
        return -tf.reduce_mean(tf.reshape(logits, [tf.shape(logits)[0], -1]), axis=1)

    return score


def scores_by_features(features: ImageFeatures, real: Iterable) -> Callable:
    """Returns a score of images, `[B]`: the distance to the nearest of some real ones.

    Args:
        features: what they are compared by.
        real: `(uint8 images [B, H, W, C], anything)` pairs.
    """
    known = np.concatenate([features(images) for images, _ in real])

    def score(images):
        found = features(to_uint8(images))
        products = (known**2).sum(axis=1) - 2 * found @ known.T
        return np.sqrt(np.maximum((found**2).sum(axis=1) + products.min(axis=1), 0))

    return score


def mean_score(subject: Subject, units, score: Callable, numbers) -> float:
    """Returns the mean score of images with units off; without units, of the images."""
    strength, total = subject.opened.strength(units), 0.0
    for part, _ in subject.batches(numbers):
        total += np.sum(score(subject.opened.edited(subject.inputs(part), strength)))
    return float(total / len(numbers))


def ranked_by_score(
    subject: Subject, score: Callable[[tf.Tensor], Any], numbers, progress: bool = False
) -> np.ndarray:
    """Returns all units, those first that are more active in the tenth with the highest scores.

    Args:
        subject: what is dissected.
        score: takes images `[B, H, W, C]` in [-1, 1] to numbers `[B]`, large where they are bad.
        numbers: ints, which images, at least 10.
        progress: whether to show a bar.

    Raises:
        UserInputError: fewer images, or all have the same score.
    """
    if len(numbers) < 1 / _WORST:
        raise UserInputError(
            f"A tenth of {len(numbers)} images is none: units are ranked by 10 images or more."
        )
    activity, scores = _activity(subject, score, numbers, progress)
    if scores.min() == scores.max():
        raise UserInputError(
            f"All {len(scores)} images have the score {scores[0]:g}: none is worse than another, "
            "so there is nothing to repair."
        )
    worst = np.argsort(-scores, kind="stable")[: max(int(_WORST * len(scores)), 1)]
    bad = np.zeros(len(scores), bool)
    bad[worst] = True
    return _ranked(activity, bad)


def ranked_by_marks(subject: Subject, marked, numbers, progress: bool = False) -> np.ndarray:
    """Returns all units, those first that are more active in marked images than in the others.

    Args:
        subject: what is dissected.
        marked: ints, numbers of bad images.
        numbers: ints, which images are compared with them.
        progress: whether to show a bar.

    Raises:
        UserInputError: all images are marked.
    """
    numbers = np.union1d(np.asarray(marked, int), np.asarray(numbers, int))
    bad = np.isin(numbers, marked)
    if bad.all():
        raise UserInputError(f"All {len(numbers)} images are marked: nothing to compare them with.")
    activity, _ = _activity(subject, lambda images: images[:, 0, 0, 0], numbers, progress)
    return _ranked(activity, bad)


def edited_images(subject: Subject, units, numbers, progress: bool = False) -> Iterator:
    """Yields `(uint8 images [B, H, W, C], None)` with units off: what metrics of images take."""
    strength = subject.opened.strength(units)
    with bar(f"{len(units)} units off", len(numbers), progress) as shown_bar:
        for part, _ in subject.batches(numbers, shown_bar):
            yield to_uint8(subject.opened.edited(subject.inputs(part), strength)), None


def _activity(subject, score, numbers, progress):
    """Returns the mean of each unit over each image, `[N, U]`, and the images' scores."""

    @tf.function
    def measure(inputs):
        images, features = subject.opened.compute(inputs)
        if features.shape.rank == 4:
            features = tf.reduce_mean(features, axis=[1, 2])
        return features, images

    activity, scores = [], []
    with bar("scores", len(numbers), progress) as shown_bar:
        for _, inputs in subject.batches(numbers, shown_bar):
            features, images = measure(inputs)
            activity.append(features.numpy())
            scores.append(np.asarray(score(images)))
    return np.concatenate(activity), np.concatenate(scores)


def _ranked(activity, bad):
    """Orders units by the difference of their means, in standard deviations."""
    apart = activity[bad].mean(axis=0) - activity[~bad].mean(axis=0)
    return np.argsort(-apart / (activity.std(axis=0) + 1e-12), kind="stable")
