"""What a batch may hold: named fields, each with shape, dtype, range of values and meaning.

A model declares its fields once, in `GenerativeModel.batch_spec`. From that follow what is read
from a data source, the check of a first batch, random batches for tests, held-out examples and the
estimates of a dry run.

A `BatchSpec` is a dict from name to `Field`: fields that belong together, row by row. Or it is a
tuple of such dicts, the *streams* of a batch, which do not: each is read in an order of its own.

```python
{"image": Image(32, 32, 1), "label": ClassId(10)}          # an image and its class
{"a": Image(64, 64, 3), "b": Image(64, 64, 3)}             # pairs
({"a": Image(64, 64, 3)}, {"b": Image(64, 64, 3)})         # two domains without pairs
({"a": Clip(3, 64, 64, 3)}, {"b": Clip(3, 64, 64, 3)})     # three frames in a row of each
{"volume": Volume(32)}                                     # voxels
```

Some fields are made of others, as pure functions of a seed and of the position in the sequence of
examples:

```python
{"image": Image(64, 64, 3), "label": ClassId(10), "other": Image(64, 64, 3).of_another("label")}
{"high": Image(64, 64, 3), "low": Image(16, 16, 3).downscaled("high", 4)}
{"image": Image(28, 28, 1).binarised("stochastic")}
```

`tfgan_suite.data` makes them, and so do `fit` and `evaluate` on arrays, where one may also be given
by its name. Other data (a `tf.data.Dataset`, `train_on_batch`) must hold them.
"""

import copy
import difflib
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError

_SOME_WORDS = ("a", "large", "small", "red", "blue", "circle", "square")
_SLACK = 0.05  # resizing and rounding may leave the range by a little


class OfAnother(NamedTuple):
    """How a field is made: it shows another example, of which `field` is not the same."""

    field: str


class Downscaled(NamedTuple):
    """How an image is made: `field`, its sides divided by `factor`."""

    field: str
    factor: int


class Field:
    """One tensor of a batch: numbers of any range. The subclasses give it a meaning.

    Args:
        shape: tuple of int or None. Shape of one example.

    Attributes:
        dtype: str. What the model gets; other precisions are cast.
        kind: str. What a data source calls such a field.
        made_from: `OfAnother`, `Downscaled` or None. How it is made of others.
    """

    dtype = "float32"
    kind = "values"
    made_from: OfAnother | Downscaled | None = None

    def __init__(self, shape: tuple[int | None, ...]):
        self.shape = tuple(shape)

    def of_another(self, field: str) -> "Field":
        """Returns this field of another example: one with another label or caption, at random.

        Args:
            field: name of the `ClassId` or `Text` of the same stream that differs.
        """
        return self._made(made_from=OfAnother(field))

    def _made(self, **how):
        made = copy.copy(self)
        vars(made).update(how)
        return made

    def __repr__(self):
        return f"<{type(self).__name__}: {self.describe()}>"

    def describe(self) -> str:
        """Returns words for one example."""
        if isinstance(self.made_from, OfAnother):
            return f"{self._words()}, of another {self.made_from.field}"
        if isinstance(self.made_from, Downscaled):
            return (
                f"{self._words()}, {self.made_from.field} downscaled {self.made_from.factor} times"
            )
        return self._words()

    def as_given(self) -> "Field":
        """Returns this field before a pipeline does what it says: not yet binarised."""
        return self

    def _words(self):
        return f"values of shape {tuple(self.shape)}"

    @property
    def image_shape(self) -> tuple[int | None, int | None, int | None] | None:
        """Height, width and channels of the images that a data source gives; None: it has none."""
        return None

    def random(self, rng: np.random.Generator, num: int) -> np.ndarray:
        """Returns valid examples `[num, *shape]` for tests."""
        return rng.uniform(-1, 1, (num, *self.shape)).astype(self.dtype)

    def from_source(self, values: tf.Tensor) -> tf.Tensor:
        """Returns what the model gets of a data source's values `[B, ...]`."""
        return tf.cast(values, self.dtype)

    def check_form(self, name: str, part) -> None:
        """Makes sure that an array, tensor or spec `[B, ...]` can be this field.

        Raises:
            UserInputError: naming the field, what was received and how to convert it.
        """
        try:
            dtype = tf.as_dtype(part.dtype)
        except TypeError as error:  # dates, records
            raise UserInputError(
                f"{name} has dtype {part.dtype}; expected {self.dtype}."
            ) from error
        if not self._takes(dtype):
            raise UserInputError(
                f"{name} has dtype {dtype.name}; expected {self._expected()}. "
                f"{self._dtype_advice(dtype)}"
            )
        if isinstance(part, tf.SparseTensor | tf.SparseTensorSpec):
            raise UserInputError(f"{name} is sparse; expected a dense one: tf.sparse.to_dense(x).")
        found = tuple(part.shape)
        if not fits(found[1:], self.shape) or not found:
            expected = ", ".join(["batch", *map(str, self.shape)])
            raise UserInputError(
                f"{name} has shape {found}; expected ({expected}{'' if self.shape else ','}). "
                f"{self._shape_advice(found)}"
            )

    def check_values(self, name: str, values: np.ndarray) -> None:
        """Looks at the numbers of a first batch `[B, ...]`.

        What can only be wrong is refused. What is wrong for most, such as images in [0, 1] beside
        a generator that ends in tanh, is a warning.

        Raises:
            UserInputError: on NaN and infinities, and on values out of the range.
        """
        finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
        if not finite.all():
            bad = np.flatnonzero(~finite)
            raise UserInputError(
                f"{name} is not finite in {len(bad)} of the first {len(values)} examples "
                f"(first in example {bad[0]}). Leave such examples out, or replace the values by "
                "np.nan_to_num."
            )

    def _takes(self, dtype):
        return dtype.is_floating

    def _expected(self):
        return self.dtype

    def _dtype_advice(self, dtype):
        if dtype == tf.string:
            return "Convert it to numbers first."
        return f"Convert it by x.astype('{self.dtype}')."

    def _shape_advice(self, found):
        if fits(found, self.shape):
            return "The batch dimension is missing: dataset.batch(64), or x[None] for one example."
        return "Convert the data, or build the model for examples of this shape."


class Values(Field):
    """Numbers of any shape and range, such as latents or features."""


class Point(Field):
    """A point in a space of `size` dimensions.

    Args:
        size: int.
    """

    kind = "point"

    def __init__(self, size: int = 2):
        super().__init__((size,))

    def _words(self):
        return f"points of {self.shape[0]} coordinates"


class Image(Field):
    """An image.

    Args:
        height, width, channels: int or None, which stands for any.
        low, high: float. Range of the values; a source's 0 ... 255 is brought to it.
    """

    kind = "image"
    binarisation: str | None = None

    def __init__(self, height=None, width=None, channels=None, low=-1.0, high=1.0):
        super().__init__((height, width, channels))
        self.low, self.high = _range(low, high)

    def downscaled(self, field: str, factor: int) -> "Image":
        """Returns this field made by downscaling: bicubic, with antialiasing.

        Args:
            field: name of the image of the same stream that it is made of.
            factor: by which the sides are divided.
        """
        _check_count("factor", factor)
        return self._made(made_from=Downscaled(field, factor))

    def binarised(self, how: str) -> "Image":
        """Returns this field with `low` and `high` as its only values.

        Args:
            how: `"threshold"`: `high` from the middle of the range on. `"stochastic"`: `high` with
                the probability that a value's place in the range says, drawn anew in each epoch.
        """
        if how not in ("stochastic", "threshold"):
            raise UserInputError(f"binarised takes 'stochastic' or 'threshold'. Received: {how!r}.")
        return self._made(binarisation=how)

    def as_given(self):
        return self._made(binarisation=None)

    def _words(self):
        height, width, channels = ("any" if n is None else n for n in self.shape)
        binarised = ", binarised" if self.binarisation else ""
        return f"images of {height} x {width} with {channels} channels{binarised}"

    @property
    def image_shape(self):
        return None if isinstance(self.made_from, Downscaled) else self.shape[-3:]

    def random(self, rng, num):
        if self.binarisation:
            return rng.choice([self.low, self.high], (num, *self.shape)).astype(self.dtype)
        return rng.uniform(self.low, self.high, (num, *self.shape)).astype(self.dtype)

    def from_source(self, values):
        scale = 255.0 / (self.high - self.low)
        return tf.cast(values, self.dtype) / scale + self.low

    def check_values(self, name, values):
        super().check_values(name, values)
        low, high = float(np.min(values)), float(np.max(values))
        received = f"{name} has values from {low:g} to {high:g} in its first batch"
        expected = f"the model makes images in [{self.low:g}, {self.high:g}]"
        if high > 2 and (low >= 0 or high > 100):
            raise UserInputError(
                f"{received}; {expected}. Scale 8-bit values by x {self._scaling()}, others "
                "likewise."
            )
        advice = None
        if self.low == 0 and -1 - _SLACK <= low < -_SLACK and high <= 1 + _SLACK:
            advice = "Values in [-1, 1] become that by (x + 1) / 2."
        elif low < self.low - _SLACK or high > self.high + _SLACK:
            advice = "Scale them, or let the generator end in an activation of their range."
        elif self.low < 0 and low >= 0 and high > low:
            advice = "Values in [0, 1] become that by 2 * x - 1."
        if self.binarisation:
            middle = (self.low + self.high) / 2
            how = f"tfgan_suite.data and fit on arrays binarise; so does (x > {middle:g})"
            _check_two_values(self, name, values, how)
        elif advice:
            warnings.warn(f"{received}; {expected}. {advice}", UserWarning, stacklevel=2)

    def _scaling(self):
        return "/ 127.5 - 1" if self.low else "/ 255"

    def _expected(self):
        return f"{self.dtype} in [{self.low:g}, {self.high:g}]"

    def _dtype_advice(self, dtype):
        if dtype == tf.string:
            return "Decode the files first: tf.io.decode_png, or tfgan_suite.data for a folder."
        if dtype.is_integer:
            return f"Convert 8-bit images by x.astype('float32') {self._scaling()}."
        return super()._dtype_advice(dtype)

    def _shape_advice(self, found):
        if fits((*found[1:], 1), self.shape):
            return "The channels are missing: x[..., None]."
        if len(found) == 4 and not fits(found, self.shape):
            *size, channels = found[1:]
            if fits((*found[2:], found[1]), self.shape):
                return "The channels come first: np.moveaxis(x, 1, -1)."
            if not fits(size, self.shape[:2]):
                return f"Resize it: tf.image.resize(x, {self.shape[:2]})."
            if channels == 1:
                return f"Repeat the grey channel: np.repeat(x, {self.shape[2]}, axis=-1)."
            if self.shape[2] == 1:
                return "Take grey images: tf.image.rgb_to_grayscale(x)."
            if channels == 4:
                return "Leave the alpha channel out: x[..., :3]."
        return super()._shape_advice(found)


class Clip(Image):
    """Consecutive frames of one clip, in the order of time.

    Args:
        frames: int. Number of frames.
        height, width, channels: int or None, which stands for any.
        low, high: float. Range of the values, as of `Image`.
    """

    kind = "clip"

    def __init__(self, frames: int, height=None, width=None, channels=None, low=-1.0, high=1.0):
        super().__init__(height, width, channels, low, high)
        _check_count("frames", frames)
        self.frames = frames
        self.shape = (frames, *self.shape)

    def _words(self):
        frames, *image = self.shape
        return f"clips of {frames} {Image(*image)._words()}"

    def _shape_advice(self, found):
        if len(found) == 5 and found[1] > self.frames:
            return f"Cut the clips: x[:, :{self.frames}]."
        if len(found) == 5 and found[1] < self.frames:
            return f"The clips are too short: give clips of at least {self.frames} frames."
        if len(found) == 4 and fits((*found, 1), (None, *self.shape)):
            return "The channels are missing: x[..., None]."
        return Field._shape_advice(self, found)


class Volume(Field):
    """A cube of voxels, each empty or full.

    Args:
        side: int or None, which stands for any.
        low, high: float. Values of empty and full voxels.
    """

    kind = "volume"

    def __init__(self, side: int | None = None, low: float = 0.0, high: float = 1.0):
        super().__init__((side, side, side, 1))
        self.low, self.high = _range(low, high)

    def _words(self):
        side = self.shape[0] or "any"
        return f"volumes of {side} x {side} x {side} voxels"

    @property
    def image_shape(self):
        return (*self.shape[:2], None)

    def random(self, rng, num):
        return rng.choice([self.low, self.high], (num, *self.shape)).astype(self.dtype)

    def from_source(self, values):
        return tf.cast(values, self.dtype) * (self.high - self.low) + self.low

    def check_values(self, name, values):
        super().check_values(name, values)
        _check_two_values(self, name, values, "Call full what is above a half: (x > 0.5)")

    def _expected(self):
        return f"{self.dtype}, {self.low:g} where empty and {self.high:g} where full"

    def _dtype_advice(self, dtype):
        if dtype.is_integer or dtype.is_bool:
            return f"Convert 0 and 1 by x.astype('float32'){_stretched(self)}."
        return super()._dtype_advice(dtype)

    def _shape_advice(self, found):
        if fits((*found[1:], 1), self.shape):
            return "The last axis is missing: x[..., None]."
        if len(found) == 4 and fits((*found[1:3], found[3] * 8, 1), self.shape):
            return "It looks bit-packed: np.unpackbits(x, axis=-1)[..., None]."
        return super()._shape_advice(found)


class Mask(Field):
    """The number of the part that each pixel of an image shows.

    Args:
        height, width: int or None, which stands for any.
        num_parts: int or None. There are the parts 0 to `num_parts - 1`; None: as many as the data
            has.
    """

    dtype = "int32"
    kind = "mask"

    def __init__(self, height=None, width=None, num_parts: int | None = None):
        super().__init__((height, width))
        _check_count("num_parts", num_parts, or_none=True)
        self.num_parts = num_parts

    def _words(self):
        height, width = ("any" if n is None else n for n in self.shape)
        return f"masks of {height} x {width} with {self.num_parts or 'any number of'} parts"

    @property
    def image_shape(self):
        return (*self.shape, None)

    def random(self, rng, num):
        return rng.integers(0, self.num_parts, (num, *self.shape)).astype(self.dtype)

    def from_source(self, values):
        return tf.cast(values[..., 0], self.dtype)

    def check_values(self, name, values):
        low, high = values.min(), values.max()
        if self.num_parts is not None and (low < 0 or high >= self.num_parts):
            raise UserInputError(
                f"{name} holds parts from {low} to {high} in its first batch; expected 0 to "
                f"{self.num_parts - 1}. Build the model for more parts, or number them from 0."
            )

    def _takes(self, dtype):
        return dtype.is_integer

    def _dtype_advice(self, dtype):
        return "Convert it by x.astype('int32')."

    def _shape_advice(self, found):
        if len(found) == 4 and found[3] == 1:
            return "Leave the last axis out: x[..., 0]."
        if len(found) == 4:
            return "Of one-hot pixels take np.argmax(x, axis=-1)."
        return super()._shape_advice(found)


class ClassId(Field):
    """The number of a class.

    Args:
        num_classes: int or None. There are the classes 0 to `num_classes - 1`; None: as many as
            the data has.
        all_needed: bool. Whether a source of training data without an example of each class is
            refused.
        argument: str. What the model calls its number of classes.
    """

    dtype = "int32"
    kind = "label"

    def __init__(
        self,
        num_classes: int | None = None,
        all_needed: bool = False,
        argument: str = "num_classes",
    ):
        super().__init__(())
        self.argument = argument
        _check_count("num_classes", num_classes, or_none=True)
        self.num_classes, self.all_needed = num_classes, all_needed

    def _words(self):
        return f"labels of {self.num_classes or 'any number of'} classes"

    def random(self, rng, num):
        return rng.integers(0, self.num_classes or 10, num).astype(self.dtype)

    def check_values(self, name, values):
        if self.num_classes is None:
            return
        bad = np.flatnonzero((values < 0) | (values >= self.num_classes))
        if len(bad):
            raise UserInputError(
                f"{name} holds {values[bad[0]]} in example {bad[0]}; expected classes from 0 to "
                f"{self.num_classes - 1}. Build the model for more classes, or number them from 0."
            )

    def _takes(self, dtype):
        return dtype.is_integer

    def _dtype_advice(self, dtype):
        return "Convert it by x.astype('int32'), one-hot rows by np.argmax(x, axis=-1)."

    def _shape_advice(self, found):
        if len(found) == 2 and found[1] == 1:
            return "Leave the last axis out: x[:, 0]."
        if len(found) == 2:
            return "Of one-hot rows take np.argmax(x, axis=-1)."
        return super()._shape_advice(found)


class Text(Field):
    """A text in UTF-8, such as a caption.

    Args:
        words: sequence of str or None. What random texts are made of; None: some of any kind.
        check: function of name and values `[N]`, or None. Raises `UserInputError` where the model
            cannot read one of the texts.
    """

    dtype = "string"
    kind = "caption"

    def __init__(
        self,
        words: Sequence[str] | None = None,
        check: Callable[[str, np.ndarray], None] | None = None,
    ):
        super().__init__(())
        self.words = _SOME_WORDS if words is None else tuple(words)
        self.check = check

    def _words(self):
        return "texts"

    def random(self, rng, num):
        return np.array([" ".join(rng.choice(self.words, 3)) for _ in range(num)], object)

    def check_values(self, name, values):
        if self.check is not None:
            self.check(name, values)

    def _takes(self, dtype):
        return dtype == tf.string

    def _dtype_advice(self, dtype):
        return "Give strings."


def _range(low, high):
    low, high = float(low), float(high)
    if not -math.inf < low < high < math.inf:
        raise UserInputError(f"low must be less than high, both finite. Received: {low}, {high}.")
    return low, high


def _check_count(name, value, or_none=False):
    is_count = isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 1
    if not is_count and not (or_none and value is None):
        raise UserInputError(f"{name} must be a whole number from 1. Received: {value!r}.")


BatchSpec = Mapping[str, Field] | tuple[Mapping[str, Field], ...]


def samples_field(shape: tuple[int | None, ...], low: float = -1.0) -> tuple[str, Field]:
    """Returns name and field of the samples that a network of this output shape makes.

    Images are of rank 3, points of rank 1; anything else are `Values`.

    Args:
        shape: tuple of int or None. Shape of one sample.
        low: float. Lowest value of images; the highest is 1.
    """
    if len(shape) == 3:
        return "image", Image(*shape, low=low)
    if len(shape) == 1:
        return "point", Point(*shape)
    return "sample", Values(tuple(shape))


def streams(spec: BatchSpec) -> tuple[Mapping[str, Field], ...]:
    """Returns the streams of a spec: one, or several that do not belong together row by row.

    Raises:
        UserInputError: a stream without fields, or two fields of one name.
    """
    found = (spec,) if isinstance(spec, Mapping) else tuple(spec)
    if not found or not all(isinstance(stream, Mapping) and stream for stream in found):
        raise UserInputError(
            "batch_spec must be a dict from name to Field, or a tuple of such dicts, each with at "
            f"least one field. Received: {spec!r}."
        )
    names = [name for stream in found for name in stream]
    if len(set(names)) < len(names):
        raise UserInputError(f"Two fields of batch_spec have one name: {', '.join(names)}.")
    return found


def flat(spec: BatchSpec) -> dict[str, Field]:
    """Returns all fields of a spec by name, in their order."""
    return {name: field for stream in streams(spec) for name, field in stream.items()}


def named(batch: Any, spec: BatchSpec, model: str) -> dict[str, Any]:
    """Returns the fields of a batch by name.

    Args:
        batch: dict by name, of which only the fields are taken; tuple in the order of the fields;
            or, of a spec with one field, the tensor itself. A model of one field leaves the rest of
            a tuple aside, as it does labels.
        spec: what the model takes.
        model: str. Name of its class, for the messages.

    Raises:
        UserInputError: if a field is missing, naming those that were received and expected.
    """
    fields = flat(spec)
    if isinstance(batch, Mapping):
        missing = [name for name in fields if name not in batch]
        if missing:
            raise UserInputError(
                f"{model} takes the fields {', '.join(fields)}. The data has "
                f"{', '.join(map(str, batch)) or 'none'} and lacks {', '.join(missing)}."
                f"{_renamed(missing, [name for name in batch if name not in fields])}"
                f"{_how_made({name: fields[name] for name in missing})}"
            )
        parts = [batch[name] for name in fields]
    elif isinstance(batch, (tuple, list)):
        if len(batch) == 3 and len(fields) < 3 and not any(map(tf.nest.is_nested, batch)):
            raise UserInputError(
                f"{model} takes {_what(fields)}. Received a {type(batch).__name__} of 3, of which "
                "Keras takes the last for sample weights. The losses weigh all examples alike: "
                "leave examples out of the data, or repeat them."
            )
        parts = list(batch[:1]) if len(fields) == 1 else list(batch)
    else:
        parts = [batch]
    if len(parts) != len(fields) or any(tf.nest.is_nested(part) for part in parts):
        raise UserInputError(
            f"{model} takes {_what(fields)}. Received: {_described(batch)}. Give a dict from name "
            "to array, or of a dataset dataset.map(lambda element: {name: element[...], ...})."
            f"{_how_made(fields)}"
        )
    return dict(zip(fields, parts, strict=True))


def check_form(batch: Mapping[str, Any], spec: BatchSpec) -> None:
    """Makes sure that the arrays, tensors or specs `[B, ...]` of a batch can be its fields."""
    for name, field in flat(spec).items():
        field.check_form(name, batch[name])


def check_values(batch: Mapping[str, np.ndarray], spec: BatchSpec) -> None:
    """Looks at the numbers of a first batch: see `Field.check_values`."""
    for name, field in flat(spec).items():
        values = np.asarray(batch[name])
        if values.size:
            field.check_values(name, values)


def check_numbers(batch: Mapping[str, np.ndarray], spec: BatchSpec) -> None:
    """Looks at the classes of any batch: wrong ones could train without a word."""
    for name, field in flat(spec).items():
        if field.dtype.startswith("int") and np.size(batch[name]):
            field.check_values(name, np.asarray(batch[name]))


def random_batch(spec: BatchSpec, num: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Returns a valid batch of random values for tests."""
    rng = np.random.default_rng(seed)
    return {name: field.random(rng, num) for name, field in flat(spec).items()}


def fits(found: Sequence[int | None], expected: Sequence[int | None]) -> bool:
    """Whether a shape can be the one expected; None stands for any size."""
    return len(found) == len(expected) and all(
        None in (size, want) or size == want for size, want in zip(found, expected, strict=True)
    )


def _renamed(missing, batch):
    """How to rename what the data has to the first field that it lacks, where they look alike."""
    near = difflib.get_close_matches(missing[0], [str(name) for name in batch], n=1)
    return f" Rename {near[0]!r} to {missing[0]!r}." if near else ""


def _how_made(fields):
    """Returns a sentence on the fields that are made of others, if there are any."""
    made = [f"{name} ({f.describe()})" for name, f in fields.items() if f.made_from is not None]
    if not made:
        return ""
    return (
        f" {' and '.join(made)}: made by tfgan_suite.data, and by fit and evaluate on arrays; "
        "other data must hold it."
    )


def _check_two_values(field, name, values, advice):
    """Refuses values other than the two ends of a field's range."""
    other = values[(values != field.low) & (values != field.high)]
    if other.size:
        raise UserInputError(
            f"{name} holds {other.flat[0]:g} in its first batch; expected {field.low:g} and "
            f"{field.high:g} alone. {advice}{_stretched(field)}."
        )


def _stretched(field):
    """Returns what brings 0 and 1 to a field's range."""
    if (field.low, field.high) == (0, 1):
        return ""
    return f" * {field.high - field.low:g} + {field.low:g}".replace("+ -", "- ")


def _what(fields):
    names = ", ".join(f"{name} ({field.describe()})" for name, field in fields.items())
    if len(fields) == 1:
        return f"one field, {names}"
    return f"{len(fields)} fields: {names}; fit({', '.join(fields)}) takes arrays in this order"


def _described(batch):
    if isinstance(batch, Mapping):
        return f"a dict with the keys {list(batch)}, of which one holds several tensors"
    if isinstance(batch, (tuple, list)):
        if batch and isinstance(batch[0], Mapping):
            more = "y, or another array" if len(batch) == 2 else f"{len(batch) - 1} more"
            return f"a dict with the keys {list(batch[0])}, and beside it {more}"
        return f"a {type(batch).__name__} of {len(batch)}"
    return f"one tensor of shape {tuple(batch.shape)}"
