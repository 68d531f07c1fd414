"""Checks of what users ask a model for: seeds and classes."""

import numpy as np

from tfgan_suite.errors import UserInputError


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
    if array.ndim != 1 or array.dtype.kind not in "iu" or num not in (None, len(array)):
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


def _array(given):
    try:
        return np.asarray(given)
    except ValueError:  # lists of several lengths
        return np.asarray(None)


def _shown(given, array):
    if array.size > 20:
        return f"{array.dtype} of shape {array.shape}"
    return repr(given.tolist() if isinstance(given, np.ndarray) else given)
