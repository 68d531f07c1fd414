"""Arrays of images, clips, volumes or points in one `.npz` file."""

import functools
import math
import os
import zipfile

import numpy as np

from tfgan_suite.data import files, images, options
from tfgan_suite.data.source import ArraySource, ClipSource, Source
from tfgan_suite.data.splits import split_indices
from tfgan_suite.errors import RunFailure, UserInputError, closest_name
from tfgan_suite.fields import Field
from tfgan_suite.files import open_regular

_MAX_LABEL = np.iinfo(np.int32).max
_ALSO_CALLED = {"clip": ("frames",), "volume": ("occupancy",)}
_READ_HEADER = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def open_npz(
    location: str,
    layout: str,
    split: str,
    main: Field,
    *,
    size: int | None = None,
    channels: int | None = None,
    fit: str = "crop",
    background: str | tuple[int, int, int] = "white",
    test_fraction: float = 0.0,
    test_last: int = 0,
    up: int | None = None,
    x: str | None = None,
    y: str | None = None,
    a: str = "a",
    b: str = "b",
) -> tuple[Source, ...] | None:
    """Opens source `npz:FILE`: the arrays of a file as `numpy.savez` writes it.

    Images are uint8, uint16, bool or float (see `images.to_uint8`), `[N, H, W]` or
    `[N, H, W, C]`; an array `[N, 2]` of real numbers holds points, for a
    model of points also `[N, D]`. Clips are `[N, T, H, W]` or
    `[N, T, H, W, C]`. Volumes are cubes of 0 and 1, `[N, S, S, S]` or `[N, S, S, S, 1]`; uint8
    `[N, S, S, S / 8]` is read as their bits, as `numpy.packbits(axis=-1)` packs them. A field F
    may also be called F_train, and F_test is its held-out split.

    Args:
        location: the file.
        layout: `"single"`: field `x`, with labels from `y`. `"unpaired"`, `"paired"`: fields
            `a` and `b`.
        split: `"train"` or `"test"`.
        main: an `Image`, or the `Clip` or `Volume` that is wanted.
        size: height and width that images are brought to; `None` keeps theirs. Of volumes it must
            be the side they have.
        channels: 1 or 3; `None` keeps theirs.
        fit: `"crop"`, `"pad"` or `"stretch"`, see `ImageRules`.
        background: colour behind transparent parts.
        test_fraction: share that is held out where there is no field for it.
        test_last: number of examples at the end that are held out instead, as papers often say it.
        up: axis of a volume, 0, 1 or 2, that points upwards in a file whose three axes are
            right-handed: volumes are turned (not mirrored) to depth, height downwards and width.
            None: the file holds them like that.
        x: field with the examples; by default `x`, of clips also `frames`, of volumes also
            `occupancy`.
        y: field with integer labels, from 0; by default `y`, where there is one.
        a: field with the first domain.
        b: field with the second domain.

    Raises:
        UserInputError: no such file or field, or arrays that are no examples or labels.
        RunFailure: a damaged file.
    """
    path = files.expand(location)
    rules = images.ImageRules(size, channels, fit, background)
    options.whole_number("test_last", test_last, 0)
    if test_fraction and test_last:
        raise UserInputError(
            f"test_fraction={test_fraction} and test_last={test_last} both say what is held out. "
            "Give one of them."
        )
    if up is not None:
        options.one_of("up", up, (0, 1, 2))
        if main.kind != "volume":
            raise UserInputError(f"up={up} is for volumes; the model takes {main.describe()}.")
    held_out = (test_fraction, test_last)
    for option, name in {"x": x, "y": y, "a": a, "b": b}.items():
        if name is not None:
            options.text(option, name)
    with _Arrays(path) as arrays:
        if x is None:
            known = ("x", *_ALSO_CALLED.get(main.kind, ()))
            x = next((name for name in known if _field_name(arrays, name, "train")), "x")
        names = [x] if layout == "single" else [a, b]
        read = [_examples(path, arrays, name, split, held_out, rules, main, up) for name in names]
        if None in read:
            return None
        fields = [field for field, _, _ in read]
        counts = [num for _, _, num in read]  # not of those chosen: 3 are left of 4 and of 5
        if layout == "paired" and counts[0] != counts[1]:
            raise UserInputError(f"{path}: {a!r} has {counts[0]} examples and {b!r} {counts[1]}.")
        if layout != "single":
            return tuple(
                _source(f"{path}: {name}", field, main)
                for name, field in zip(names, fields, strict=True)
            )
        labels = _labels(path, arrays, x, y, split)
    if labels is None:
        return (_source(str(path), fields[0], main),)
    _, chosen, num = read[0]
    if len(labels) != num:
        raise UserInputError(f"{path}: there are {len(labels)} labels for {num} examples.")
    field = {**fields[0], "label": labels[chosen]}
    return (_source(str(path), field, main, num_classes=int(labels.max()) + 1),)


def _source(name, fields, main, num_classes=None) -> Source:
    if "clip" not in fields:
        return ArraySource(name, fields, num_classes)
    columns = dict(fields)
    clips = columns.pop("clip")
    frames = ArraySource(name, {"image": clips.reshape(-1, *clips.shape[2:])})
    lengths = np.full(len(clips), clips.shape[1])
    return ClipSource(name, frames, lengths, main.frames, num_classes, columns)


class _Arrays:
    """The fields of a file, each read when it is asked for."""

    def __init__(self, path):
        self.path = path
        try:
            self._file = open_regular(path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise UserInputError(f"There is no file {path}.") from error
        except OSError as error:
            raise UserInputError(f"{path} cannot be opened: {error}.") from error
        try:
            self._members = self._list()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    @property
    def names(self) -> list[str]:
        return list(self._members)

    def _list(self) -> dict[str, zipfile.ZipInfo]:
        prefix = np.lib.format.MAGIC_PREFIX
        if self._file.read(len(prefix)) == prefix:
            raise UserInputError(
                f"{self.path} holds a single array; an .npz file with named ones is read."
            )
        try:
            self._zip = zipfile.ZipFile(self._file)
        except Exception as error:  # a damaged file leads zipfile to nearly any of them
            raise RunFailure(f"{self.path} is not a readable .npz file ({error}).") from error
        found = [info for info in self._zip.infolist() if info.filename.endswith(".npy")]
        members = {info.filename.removesuffix(".npy"): info for info in found}
        if len(members) < len(found):
            raise RunFailure(f"{self.path} is damaged: it holds two fields of one name.")
        return members

    def read(self, name) -> np.ndarray:
        """Reads an array of numbers; memory is taken once its size is known to be true."""
        member = self._members[name]
        where = f"{self.path}: field {name!r}"
        if member.flag_bits & 1:
            raise UserInputError(f"{where} is encrypted. Store it without a password.")
        try:
            with self._zip.open(member) as stream:
                version = np.lib.format.read_magic(stream)
                if version not in _READ_HEADER:
                    raise ValueError(f"version {version} of the .npy format is for named columns")
                shape, _, dtype = _READ_HEADER[version](stream)
                size, held = math.prod(shape) * dtype.itemsize, member.file_size - stream.tell()
            if dtype.kind in "biuf":
                _check_size(where, shape, size, held)
                with self._zip.open(member) as stream:
                    array = np.lib.format.read_array(stream, allow_pickle=False)
                    stream.read(1)  # past the end, where zipfile compares the checksum
                    return array
        except UserInputError:
            raise
        except Exception as error:  # see above
            reason = str(error) or type(error).__name__
            raise RunFailure(f"{where} is damaged ({reason}).") from error
        # An object array is not read: that would run code from the file.
        raise UserInputError(
            f"{where} cannot be read: it has dtype {dtype}, and images, points and labels are "
            "real numbers."
        )


def _check_size(where, shape, size, held):
    if min(shape, default=0) < 0 or size != held:
        raise ValueError(f"its header says {list(shape)}, {size:,} bytes, and it holds {held:,}")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if size > memory:
        raise UserInputError(
            f"{where} needs {size / 2**30:.1f} GiB of memory, and this machine has "
            f"{memory / 2**30:.1f} GiB."
        )


def _field_name(arrays, name, split) -> str | None:
    candidates = [f"{name}_test"] if split == "test" else [name, f"{name}_train"]
    return next((candidate for candidate in candidates if candidate in arrays.names), None)


def _examples(path, arrays, name, split, held_out, rules, main, up):
    """Returns (fields, indices chosen, examples in the file) of a split, or `None` where nothing is
    held out."""
    own_split = _field_name(arrays, name, "test") is not None
    field = _field_name(arrays, name, split if own_split else "train")
    if field is None:
        raise UserInputError(
            f"{path} has no field {name!r}.{closest_name(name, arrays.names)} "
            f"Its fields are: {', '.join(arrays.names) or 'none'}."
        )
    array = arrays.read(field)
    if array.ndim == 0 or len(array) == 0:
        raise UserInputError(f"{path}: field {field!r} is empty.")
    chosen = np.arange(len(array))
    if not own_split:
        chosen = _split(path, len(array), held_out, split)
        if chosen is None:
            return None
    name = f"{path}: field {field!r}"
    if array.ndim == 2 and (array.shape[1] == 2 or main.kind == "point"):
        if array.dtype == bool:
            raise UserInputError(f"{name} has dtype bool, and points are numbers.")
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
            points = array[chosen].astype(np.float32)
        if not np.isfinite(points).all():
            raise UserInputError(f"{name} has points that are not finite in float32.")
        return {"point": points}, chosen, len(array)
    volumes = functools.partial(_volumes, up=up)
    read = {"clip": _clips, "volume": volumes}.get(main.kind, images.from_arrays)
    kind = main.kind if main.kind in ("clip", "volume") else "image"
    return {kind: read(array[chosen], rules, name)}, chosen, len(array)


def _split(path, number, held_out, split):
    """Returns the indices of a split; `held_out` is a share, and a number at the end."""
    share, last = held_out
    if not last:
        return split_indices([str(i) for i in range(number)], share, split)
    if last >= number:
        raise UserInputError(
            f"{path}: test_last={last} holds out all {number} examples and leaves none to train "
            "on. Make it smaller."
        )
    return np.arange(number)[-last:] if split == "test" else np.arange(number)[:-last]


def _clips(array, rules, name):
    """Brings clips `[N, T, H, W]` or `[N, T, H, W, C]` to the rules."""
    if array.ndim not in (4, 5) or array.size == 0:
        raise UserInputError(
            f"{name} has shape {list(array.shape)}; clips are [N, frames, height, width] or "
            "[N, frames, height, width, 1 to 4 channels]."
        )
    if array.ndim == 4 and array.shape[3] in (1, 3, 4) and array.shape[2] > 4:
        raise UserInputError(
            f"{name} has shape {list(array.shape)}, as images have; the model takes clips, "
            "[N, frames, height, width, channels]. Frames so narrow need the "
            "last axis too."
        )
    frames = images.from_arrays(array.reshape(-1, *array.shape[2:]), rules, name)
    return frames.reshape(*array.shape[:2], *frames.shape[1:])


def _volumes(array, rules, name, up):
    """Returns volumes as uint8 `[N, S, S, S, 1]` of 0 and 1, upright."""
    shape = array.shape
    if array.ndim == 5 and shape[-1] == 1:
        array = array[..., 0]
    elif array.ndim == 4 and array.dtype == np.uint8 and shape[3] * 8 == shape[2]:
        array = np.unpackbits(array, axis=-1)
    if array.ndim != 4 or len(set(array.shape[1:])) != 1 or array.size == 0:
        raise UserInputError(
            f"{name} has shape {list(shape)}; volumes are [N, side, side, side], or uint8 "
            "[N, side, side, side / 8] of packed bits."
        )
    if rules.size not in (None, array.shape[1]):
        raise UserInputError(
            f"{name} has volumes of side {array.shape[1]}, not size={rules.size}. Volumes are not "
            "resized: store them at that side, or build the model for theirs."
        )
    other = array[(array != 0) & (array != 1)]
    if other.size:
        raise UserInputError(
            f"{name} holds {other.flat[0]:g}; volumes are 0 where empty and 1 where full. Store "
            "(x > threshold)."
        )
    return _upright(array.astype(np.uint8), up)[..., None]


def _upright(volumes, up):
    """Turns volumes `[N, S, S, S]` of right-handed axes, of which `up` points upwards.

    Depth, height downwards and width are left-handed: an odd number of axes change places or ends.
    """
    if up is None:
        return volumes
    volumes = np.flip(np.moveaxis(volumes, 1 + up, 2), axis=2)
    return volumes if up == 1 else np.flip(volumes, axis=1)


def _labels(path, arrays, x, y, split):
    wanted = "y" if y is None else y
    own_split = _field_name(arrays, x, "test") is not None
    field = _field_name(arrays, wanted, split if own_split else "train")
    if field is None:
        if y is None:
            return None
        raise UserInputError(
            f"{path} has no field {y!r} with labels for {split!r}."
            f"{closest_name(y, arrays.names)} Its fields are: {', '.join(arrays.names)}."
        )
    labels = arrays.read(field)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise UserInputError(
            f"{path}: labels {field!r} must be whole numbers from 0, shape [N], not "
            f"{labels.dtype} {list(labels.shape)}."
        )
    if len(labels) and not 0 <= labels.min() <= labels.max() < _MAX_LABEL:
        raise UserInputError(
            f"{path}: labels {field!r} must be whole numbers from 0 to {_MAX_LABEL - 1:,}, not "
            f"from {labels.min():,} to {labels.max():,}."
        )
    return labels.astype(np.int32)
