"""Checks of what users give a model to answer: seeds, classes, captions, images."""

import warnings
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Field


def checked_seeds(seeds, num: int | None = None) -> np.ndarray:
    """Returns seeds as int64 `[N]`.

    Args:
        seeds: list of ints, any value of int64.
        num: how many there must be; None: any number.

    Raises:
        UserInputError: they are something else, such as a single number or latents, or another
            number of them.
    """
    array = _array(seeds)
    are_seeds = array.ndim == 1 and array.dtype.kind in "iu" and num in (None, len(array))
    if not are_seeds or (array > np.iinfo(np.int64).max).any():
        how_many = "one for each answer" if num is None else f"{num} of them"
        raise UserInputError(
            f"seeds are a list of whole numbers, {how_many}: range(5) for five, [5] for that of "
            f"seed 5. Received: {_shown(seeds, array)}. Latents go to predict."
        )
    return array.astype(np.int64)


def checked_class_ids(class_ids, num: int, num_classes: int) -> np.ndarray | None:
    """Returns classes as int32 `[num]`, or None for a model without classes.

    Args:
        class_ids: list of ints, 0 to `num_classes - 1`; None for a model without classes.
        num: how many there must be.
        num_classes: of the model; 0: it has none.

    Raises:
        UserInputError: they are something else, or another number of them.
    """
    if not num_classes:
        if class_ids is not None:
            raise UserInputError("This model has no classes: leave class_ids out.")
        return None
    array = _array(class_ids)
    are_ids = array.shape == (num,) and array.dtype.kind in "iu"
    if not are_ids or not ((array >= 0) & (array < num_classes)).all():
        raise UserInputError(
            f"class_ids are whole numbers from 0 to {num_classes - 1}, {num} of them. Received: "
            f"{_shown(class_ids, array)}."
        )
    return array.astype(np.int32)


def checked_captions(captions: Sequence[str]) -> np.ndarray:
    """Returns captions as bytes in UTF-8, an array of objects `[N]`.

    Raises:
        UserInputError: they are no list of texts.
    """
    try:
        if isinstance(captions, str | bytes):
            raise TypeError(f"A single one goes in a list: [{captions!r}]")
        return np.array([tf.compat.as_bytes(caption) for caption in captions], object)
    except (TypeError, UnicodeEncodeError) as error:
        raise UserInputError(f"Captions are a list of texts in UTF-8. {error}.") from error


def checked_examples(name: str, values, field: Field) -> np.ndarray:
    """Returns examples as float32 `[N, *field.shape]`.

    Args:
        name: what messages call them.
        values: real numbers of the shape and the range of `field`.

    Raises:
        UserInputError: another dtype or shape, none at all, NaN, infinities, or values that cannot
            be of the range, such as pixels up to 255.
    """
    array = _array(values)
    if array.dtype.kind == "f":
        array = array.astype(np.float32)
    field.check_form(name, array)
    if not array.size:
        raise UserInputError(f"{name} has shape {array.shape}: there is nothing to answer.")
    with warnings.catch_warnings():
        # One bright image may lie in [0, 1]: of a whole training that is worth a warning.
        warnings.simplefilter("ignore", UserWarning)
        field.check_values(name, array)
    return array


def _array(given):
    try:
        return np.asarray(given)
    except ValueError:  # lists of several lengths
        return np.asarray(None)


def _shown(given, array):
    if array.size > 20:
        return f"{array.dtype} of shape {array.shape}"
    return repr(given.tolist() if isinstance(given, np.ndarray) else given)
