"""The spaces whose points a model's samples are made of, and in which they are edited."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.signatures.latents import linear, spherical
from tfgan_suite.training.noise import BOUNDS


@dataclasses.dataclass(frozen=True)
class Condition:
    """What a generator takes beside latents, such as a class.

    Args:
        spec: `tf.TensorSpec` `[None, ...]`.
        parse: takes what a person writes for it, such as `"3"`, and returns the value of one row;
            raises `UserInputError`.
        example: takes a number of rows and returns valid values.
    """

    spec: tf.TensorSpec
    parse: Callable[[str], np.ndarray]
    example: Callable[[int], np.ndarray]


def class_condition(num_classes: int) -> Condition:
    """Returns the condition `class_id`, int32 from 0 to `num_classes` - 1."""

    def parse(text):
        if not text.isdecimal() or int(text) >= num_classes:
            raise UserInputError(
                f"class_id is a whole number from 0 to {num_classes - 1}. Received: {text!r}."
            )
        return np.int32(text)

    return Condition(
        tf.TensorSpec([None], tf.int32, name="class_id"),
        parse,
        lambda num_rows: (np.arange(num_rows) % num_classes).astype(np.int32),
    )


@dataclasses.dataclass(frozen=True)
class LatentSpace:
    """A space of latents: what its points are, and how they become samples.

    Args:
        shape: of one point.
        sample_shape: of one sample.
        decode: takes points `[B, *shape]` and a dict of the conditions' tensors; returns samples
            `[B, *sample_shape]`, float32. It is differentiable and no row depends on another.
        of_seeds: takes seeds, int64 `[B]`, and returns points.
        distribution: a key of `training.noise.DISTRIBUTIONS`, or None for a space that no
            distribution is known of, such as StyleGAN's w.
        conditions: `Condition` by name.
        judge: takes samples and the conditions' tensors and returns the discriminator's logits
            `[B, ...]`, in inference mode; None where no discriminator judges a whole sample alone.
    """

    shape: tuple[int, ...]
    sample_shape: tuple[int, ...]
    decode: Callable[[tf.Tensor, Mapping[str, tf.Tensor]], tf.Tensor]
    of_seeds: Callable[[tf.Tensor], tf.Tensor]
    distribution: str | None = None
    conditions: Mapping[str, Condition] = dataclasses.field(default_factory=dict)
    judge: Callable[[tf.Tensor, Mapping[str, tf.Tensor]], tf.Tensor] | None = None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Lowest and highest coordinate; None where points may lie anywhere."""
        return BOUNDS.get(self.distribution)

    def between(self, first, second, position) -> tf.Tensor:
        """Returns what lies at `position` on the way between points, row by row.

        The way is a great circle where points are normal, else straight.

        Args:
            first, second: `[B, *shape]`.
            position: `[B]` in [0, 1].
        """
        way = spherical if self.distribution == "normal" else linear
        rows = [tf.reshape(points, [-1, int(np.prod(self.shape))]) for points in (first, second)]
        return tf.reshape(way(*rows, position), [-1, *self.shape])

    def decode_rows(self, rows: tuple[tf.Tensor, Mapping[str, tf.Tensor]]) -> tf.Tensor:
        """Returns `decode` of points and conditions in one argument, as a model's `infer` gives."""
        return self.decode(*rows)

    def inside(self, points) -> tf.Tensor:
        """Returns the points themselves, coordinates beyond the bounds brought to them."""
        return points if self.bounds is None else tf.clip_by_value(points, *self.bounds)
