"""What a batch must look like, and words for the ways in which it does not."""

import warnings
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError

_SLACK = 0.05  # resizing and rounding may leave the range by a little


class Field(NamedTuple):
    """One tensor that a model takes.

    Attributes:
        name: str. What messages call it.
        shape: tuple of int or None. Shape of one example.
        low, high: float or None. Range of the values: of images (rank 3) only.
    """

    name: str
    shape: tuple
    low: float | None = None
    high: float | None = None

    @property
    def scaling(self) -> str:
        """The expression from values in 0 ... 255 to this range."""
        return "/ 127.5 - 1" if self.low else "/ 255"


def check_form(batch, fields: tuple[Field, ...], model: str) -> None:
    """Makes sure that a batch has the parts, dtypes and shapes that a model takes.

    Args:
        batch: structure of arrays, tensors or specs, `[B, ...]` each.
        fields: what the model takes.
        model: str. Name of its class, for the messages.

    Raises:
        UserInputError: naming the part, what was received and how to convert it.
    """
    parts = batch if isinstance(batch, tuple) else (batch,)
    if len(parts) != len(fields) or any(tf.nest.is_nested(part) for part in parts):
        raise UserInputError(_wrong_parts(batch, fields, model))
    for part, field in zip(parts, fields, strict=True):
        _check_dtype(part.dtype, field)
        _check_shape(tuple(part.shape), field)


def check_values(batch, fields: tuple[Field, ...]) -> None:
    """Looks at the numbers of a batch: finite, and images in the range that the model makes.

    What can only be wrong is refused. What is wrong for most, such as images in [0, 1] beside a
    generator that ends in tanh, is a warning.

    Args:
        batch: array `[B, ...]`, or a tuple of them.
        fields: what the model takes.

    Raises:
        UserInputError: on NaN and infinities, and on images in 0 ... 255.
    """
    for values, field in zip(batch if isinstance(batch, tuple) else (batch,), fields, strict=True):
        values = np.asarray(values)
        if not values.size:
            continue
        low, high = float(np.min(values)), float(np.max(values))
        if not np.isfinite([low, high]).all():
            bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
            raise UserInputError(
                f"{field.name} is not finite in {len(bad)} of the first {len(values)} examples "
                f"(first in example {bad[0]}). Leave such examples out, or replace the values by "
                "np.nan_to_num."
            )
        if field.low is not None:
            _check_range(low, high, field)


def _check_range(low, high, field):
    received = f"{field.name} has values from {low:g} to {high:g} in its first batch"
    expected = f"the model makes images in [{field.low:g}, {field.high:g}]"
    if low >= 0 and high > 2:
        raise UserInputError(
            f"{received}; {expected}. Scale 8-bit values by x {field.scaling}, others likewise."
        )
    advice = None
    if field.low == 0 and -1 - _SLACK <= low < -_SLACK and high <= 1 + _SLACK:
        advice = "Values in [-1, 1] become that by (x + 1) / 2."
    elif low < field.low - _SLACK or high > field.high + _SLACK:
        advice = "Scale them, or let the generator end in an activation of their range."
    elif field.low < 0 and low >= 0 and high > low:
        advice = "Values in [0, 1] become that by 2 * x - 1."
    if advice:
        warnings.warn(f"{received}; {expected}. {advice}", UserWarning, stacklevel=2)


def _check_dtype(dtype, field):
    try:
        dtype = tf.as_dtype(dtype)
    except TypeError as error:  # dates, records
        raise UserInputError(f"{field.name} has dtype {dtype}; expected float32.") from error
    if dtype.is_floating:
        return  # other precisions are cast to float32
    images = field.low is not None
    if dtype == tf.string:
        advice = (
            "Decode the files first: tf.io.decode_png, or tfgan_suite.data for a folder."
            if images
            else "Convert it to numbers first."
        )
    elif images and dtype.is_integer:
        advice = f"Convert 8-bit images by x.astype('float32') {field.scaling}."
    else:
        advice = "Convert it by x.astype('float32')."
    scale = f" in [{field.low:g}, {field.high:g}]" if images else ""
    raise UserInputError(f"{field.name} has dtype {dtype.name}; expected float32{scale}. {advice}")


def _check_shape(found, field):
    expected = field.shape
    if _fits(found[1:], expected):
        return
    advice = "Convert the data, or build the model for examples of this shape."
    if _fits(found, expected):
        advice = "The batch dimension is missing: dataset.batch(64), or x[None] for one example."
    elif len(expected) == 3 and _fits((*found[1:], 1), expected):
        advice = "The channels are missing: x[..., None]."
    elif len(expected) == 3 and len(found) == 4:
        *size, channels = found[1:]
        if _fits((*found[2:], found[1]), expected):
            advice = "The channels come first: np.moveaxis(x, 1, -1)."
        elif not _fits(size, expected[:2]):
            advice = f"Resize it: tf.image.resize(x, {expected[:2]})."
        elif channels == 1:
            advice = f"Repeat the grey channel: np.repeat(x, {expected[2]}, axis=-1)."
        elif expected[2] == 1:
            advice = "Take grey images: tf.image.rgb_to_grayscale(x)."
        elif channels == 4:
            advice = "Leave the alpha channel out: x[..., :3]."
    raise UserInputError(
        f"{field.name} has shape {found}; expected (batch, {', '.join(map(str, expected))}). "
        + advice
    )


def _fits(found, expected):
    return len(found) == len(expected) and all(
        None in (size, want) or size == want for size, want in zip(found, expected, strict=True)
    )


def _wrong_parts(batch, fields, model):
    if isinstance(batch, dict):
        received = f"a dict with the keys {list(batch)}"
    elif isinstance(batch, tuple):
        received = f"a tuple of {len(batch)}"
    else:
        received = f"one tensor of shape {tuple(batch.shape)}"
    if len(fields) == 1:
        return (
            f"{model} takes one tensor of examples. Received: {received}. Take that part of a "
            "dataset by dataset.map(lambda element: element[...])."
        )
    names = ", ".join(field.name for field in fields)
    return (
        f"{model} takes {len(fields)} tensors ({names}): fit(a, b), or a dataset of tuples (a, b). "
        f"Received: {received}."
    )
