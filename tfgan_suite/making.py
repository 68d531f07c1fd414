"""How fields that are made of others are made, each a pure function of a key and a position."""

from collections.abc import Callable, Collection, Mapping

import numpy as np
import tensorflow as tf

from tfgan_suite import hashing
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import (
    BatchSpec,
    ClassId,
    Downscaled,
    Field,
    Image,
    OfAnother,
    Text,
    fits,
    streams,
)

_OTHER, _BINARY = 0, 1


def given_part(spec: BatchSpec, names: Collection[str] = ()) -> BatchSpec:
    """Returns what data must give for a pipeline to make the rest.

    Args:
        spec: what a model takes.
        names: fields made of others that the data gives all the same.
    """

    def part(stream):
        return {
            name: field.as_given()
            for name, field in stream.items()
            if field.made_from is None or name in names
        }

    return part(spec) if isinstance(spec, Mapping) else tuple(map(part, spec))


def check_made(spec: BatchSpec) -> None:
    """Makes sure that the fields that are made of others can be made.

    Raises:
        UserInputError: naming the field of the spec that cannot.
    """
    for stream in streams(spec):
        for name, field in stream.items():
            how = field.made_from
            if how is None:
                continue
            source = stream.get(how.field)
            if isinstance(how, OfAnother):
                if not isinstance(source, ClassId | Text):
                    raise UserInputError(
                        f"{name} is of another {how.field!r}, which must be a ClassId or Text of "
                        f"the same stream. It has {', '.join(stream)}."
                    )
                like(name, stream)
                continue
            if not isinstance(source, Image) or isinstance(source.made_from, Downscaled):
                raise UserInputError(
                    f"{name} is {how.field!r} downscaled, which must be an Image of the same "
                    f"stream, not downscaled itself. It has {', '.join(stream)}."
                )
            sides = [n and n / how.factor for n in source.shape[-3:-1]]
            whole = all(n is None or n == int(n) for n in sides)
            if not whole or not fits([*sides, source.shape[-1]], field.shape[-3:]):
                raise UserInputError(
                    f"{name} ({field.describe()}) does not fit {how.field} ({source.describe()})."
                )


def like(name: str, stream: Mapping[str, Field]) -> str:
    """Returns the field that holds the examples of which `name` is another."""
    kind = stream[name].kind
    found = [
        other for other, field in stream.items() if field.kind == kind and field.made_from is None
    ]
    if not found:
        raise UserInputError(
            f"{name} is a {kind} of another {stream[name].made_from.field}; the stream must have a "
            f"{kind} that it is another of. It has {', '.join(stream)}."
        )
    return found[0]


class Others:
    """Finds examples whose label or caption is another one, all that there are with equal chance.

    Args:
        values: array `[N]` of labels or captions; `[N, K]` where an example has several, filled up
            with `b""`.
        name: what it is, for the error.

    Raises:
        UserInputError: one value belongs to all examples, so that none is another.
    """

    def __init__(self, values: np.ndarray, name: str):
        num = len(values)
        values = values.reshape(num, -1)
        known, ids = np.unique(values, return_inverse=True)
        ids = ids.reshape(values.shape)
        # Which examples have a value: both numbers, sorted, each pair once.
        held = np.divmod(np.unique(ids * num + np.arange(num)[:, None]), num)
        counts = np.bincount(held[0], minlength=len(known))
        if counts.max() == num:
            same = known[counts.argmax()]
            same = same.decode(errors="replace") if isinstance(same, bytes) else str(same)
            raise UserInputError(
                f"All {num} examples have the {name} {same!r}: there is none of another. The data "
                "needs at least two."
            )
        firsts = np.cumsum(counts) - counts
        # The n-th example of a value, n from 0, stands before as many others as its number less n.
        before = held[1] - (np.arange(len(held[0])) - firsts[held[0]])
        self._stride = num + 1
        with tf.device("CPU:0"):
            self._ids = tf.constant(ids, tf.int64)
            self._firsts = tf.constant(firsts, tf.int64)
            self._free = tf.constant(num - counts, tf.int64)
            self._before = tf.constant(held[0] * self._stride + before, tf.int64)

    def find(self, rows: tf.Tensor, columns: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        """Returns another example for each one.

        Args:
            rows: int64 `[B]`. Numbers of the examples.
            columns: int64 `[B]`. Which of its captions counts.
            draws: float32 `[B]` in [0, 1).

        Returns:
            int64 `[B]`.
        """
        ids = tf.gather(tf.gather(self._ids, rows), columns, batch_dims=1)
        free = tf.cast(tf.gather(self._free, ids), tf.float64)
        number = tf.cast(tf.cast(draws, tf.float64) * free, tf.int64)  # among the others
        passed = tf.searchsorted(self._before, ids * self._stride + number, side="right")
        return number + tf.cast(passed, tf.int64) - tf.gather(self._firsts, ids)


class Maker:
    """Makes the fields of a stream that are made of others.

    Args:
        stream: the fields.
        key: 64-bit integer; with a position it determines all draws.
        column: function from the name of a `ClassId` or `Text` to its values of all examples.
        given: fields that are not made, because the data gives them.

    Attributes:
        others: dict from the fields of another example to their `Others`.
    """

    def __init__(
        self,
        stream: Mapping[str, Field],
        key: int,
        column: Callable[[str], np.ndarray],
        given: Collection[str] = (),
    ):
        self._stream, self._key, self._given = stream, key, given
        by_field: dict[str, Others] = {}
        self.others = {}
        for name, field in stream.items():
            if isinstance(field.made_from, OfAnother) and name not in given:
                by = field.made_from.field
                if by not in by_field:
                    by_field[by] = Others(column(by), by)
                self.others[name] = by_field[by]

    def another(self, name, rows, columns, positions) -> tf.Tensor:
        """Returns the numbers `[B]` of the examples that field `name` shows, see `Others.find`."""
        draws = hashing.uniform(self._key_of(_OTHER, name), positions, 1)[:, 0]
        return self.others[name].find(rows, columns, draws)

    def finish(self, batch: Mapping[str, tf.Tensor], positions: tf.Tensor) -> dict[str, tf.Tensor]:
        """Downscales and binarises; returns all fields in the order of the stream."""
        batch = dict(batch)
        for name, field in self._stream.items():
            how = field.made_from
            if isinstance(how, Downscaled) and name not in self._given:
                batch[name] = downscale(batch[how.field], self._stream[how.field], field)
        for name, field in self._stream.items():
            if getattr(field, "binarisation", None):
                key = self._key_of(_BINARY, name)
                batch[name] = binarise(batch[name], field, key, positions)
        return {name: batch[name] for name in self._stream}

    def _key_of(self, purpose, name):
        return hashing.key(self._key, purpose, list(self._stream).index(name))


def downscale(images: tf.Tensor, source: Image, field: Image) -> tf.Tensor:
    """Scales images or clips down: Keys' bicubic filter (a = -0.5), as wide as the factor asks.

    It is that of Pillow's `BICUBIC` without the rounding to 8 bits. What overshoots is clipped to
    the range.

    Args:
        images: float32 `[..., height, width, channels]` in the range of `source`.
        source: the field that they are.
        field: the field to make: its `made_from` has the factor.
    """
    *rest, height, width, channels = images.shape
    rest_now = tf.shape(images)[:-3]  # not known where a dataset's last batch is smaller
    small = [side // field.made_from.factor for side in (height, width)]
    unit = (tf.reshape(images, [-1, height, width, channels]) - source.low) / (
        source.high - source.low
    )
    unit = tf.image.resize(unit, small, tf.image.ResizeMethod.BICUBIC, antialias=True)
    made = tf.clip_by_value(unit, 0, 1) * (field.high - field.low) + field.low
    made = tf.reshape(made, tf.concat([rest_now, [*small, channels]], 0))
    return tf.ensure_shape(made, [*rest, *small, channels])


def binarise(images: tf.Tensor, field: Image, key: int, positions: tf.Tensor) -> tf.Tensor:
    """Brings images `[B, ...]` to the two ends of the range of `field`, as it says."""
    unit = (images - field.low) / (field.high - field.low)
    if field.binarisation == "threshold":
        return tf.where(unit >= 0.5, field.high, field.low)
    draws = hashing.uniform(key, positions, int(np.prod(images.shape[1:])))
    full = unit > tf.reshape(draws, images.shape)  # a draw can be 0, and never 1
    return tf.where(full, field.high, field.low)
