"""Arrays of pictures or points in one `.npz` file."""

import pathlib
import zipfile
import zlib

import numpy as np

from tfgan_suite.data import images, options
from tfgan_suite.data.source import ArraySource, Source
from tfgan_suite.data.splits import split_indices
from tfgan_suite.errors import RunFailure, UserInputError, closest_name


def open_npz(
    location: str,
    layout: str,
    split: str,
    *,
    size: int | None = None,
    channels: int | None = None,
    fit: str = "crop",
    background: str | tuple[int, int, int] = "white",
    test_fraction: float = 0.0,
    x: str = "x",
    y: str | None = None,
    a: str = "a",
    b: str = "b",
) -> tuple[Source, ...] | None:
    """Opens source `npz:FILE`: the arrays of a file as `numpy.savez` writes it.

    Pictures are uint8, uint16, bool or float (see `images.to_uint8`), `[N, H, W]` or
    `[N, H, W, C]`; an array `[N, 2]` holds points. A field F may also be called F_train, and
    F_test is its held-out split.

    Args:
        location: the file.
        layout: `"single"`: field `x`, with labels from `y`. `"unpaired"`, `"paired"`: fields
            `a` and `b`.
        split: `"train"` or `"test"`.
        size: height and width that pictures are brought to; `None` keeps theirs.
        channels: 1 or 3; `None` keeps theirs.
        fit: `"crop"`, `"pad"` or `"stretch"`, see `PictureRules`.
        background: colour behind transparent parts.
        test_fraction: share that is held out where there is no field for it.
        x: field with the examples.
        y: field with integer labels; by default `y`, where there is one.
        a: field with the first domain.
        b: field with the second domain.
    """
    path = pathlib.Path(location).expanduser()
    rules = images.PictureRules(size, channels, fit, background)
    with _load(path) as arrays:
        names = [x] if layout == "single" else [a, b]
        read = [_examples(path, arrays, name, split, test_fraction, rules) for name in names]
        if None in read:
            return None
        fields = [field for field, _ in read]
        counts = [len(chosen) for _, chosen in read]
        if layout == "paired" and counts[0] != counts[1]:
            raise UserInputError(f"{path}: {a!r} has {counts[0]} examples and {b!r} {counts[1]}.")
        if layout != "single":
            return tuple(
                ArraySource(f"{path}: {name}", field)
                for name, field in zip(names, fields, strict=True)
            )
        labels = _labels(path, arrays, x, y, split)
    if labels is None:
        return (ArraySource(str(path), fields[0]),)
    chosen = read[0][1]
    if len(labels) <= chosen.max():
        raise UserInputError(f"{path}: there are {len(labels)} labels, fewer than examples.")
    field = {**fields[0], "label": labels[chosen]}
    return (ArraySource(str(path), field, num_classes=int(labels.max()) + 1),)


def _load(path):
    try:
        arrays = np.load(path, allow_pickle=False)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UserInputError(f"There is no file {path}.") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise RunFailure(f"{path} is not a readable .npz file ({error}).") from error
    if not isinstance(arrays, np.lib.npyio.NpzFile):
        raise UserInputError(f"{path} holds a single array; an .npz file with named ones is read.")
    return arrays


def _field_name(arrays, name, split) -> str | None:
    candidates = [f"{name}_test"] if split == "test" else [name, f"{name}_train"]
    return next((candidate for candidate in candidates if candidate in arrays.files), None)


def _array(path, arrays, name):
    try:
        return arrays[name]
    except ValueError as error:  # an object array: reading it would run code from the file
        raise UserInputError(f"{path}: field {name!r} cannot be read ({error}).") from error
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise RunFailure(f"{path}: field {name!r} is damaged ({error}).") from error


def _examples(path, arrays, name, split, test_fraction, rules):
    """Returns (fields, indices chosen) of a split, or `None` where nothing is held out."""
    own_split = _field_name(arrays, name, "test") is not None
    field = _field_name(arrays, name, split if own_split else "train")
    if field is None:
        raise UserInputError(
            f"{path} has no field {name!r}.{closest_name(name, arrays.files)} "
            f"Its fields are: {', '.join(arrays.files)}."
        )
    array = _array(path, arrays, field)
    if array.ndim == 0 or len(array) == 0:
        raise UserInputError(f"{path}: field {field!r} is empty.")
    chosen = np.arange(len(array))
    if not own_split:
        chosen = split_indices([str(i) for i in chosen], test_fraction, split)
        if chosen is None:
            return None
    name = f"{path}: field {field!r}"
    if array.ndim == 2 and array.shape[1] == 2:
        points = array[chosen].astype(np.float32)
        if not np.isfinite(points).all():
            raise UserInputError(f"{name} has points that are not finite.")
        return {"point": points}, chosen
    return {"image": images.from_arrays(array[chosen], rules, name)}, chosen


def _labels(path, arrays, x, y, split):
    wanted = "y" if y is None else y
    own_split = _field_name(arrays, x, "test") is not None
    field = _field_name(arrays, wanted, split if own_split else "train")
    if field is None:
        if y is None:
            return None
        options.one_of("y", y, arrays.files)
    labels = _array(path, arrays, field)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0:
        raise UserInputError(
            f"{path}: labels {field!r} must be whole numbers from 0, shape [N], not "
            f"{labels.dtype} {list(labels.shape)}."
        )
    return labels.astype(np.int32)
