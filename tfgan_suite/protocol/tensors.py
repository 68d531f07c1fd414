"""Named tensors of a signature: what is declared of them, and how they travel.

As protocol buffers (gRPC, warm-up records) and as JSON (REST). What comes in is checked against
what is declared: nothing here trusts its sender.
"""

import base64
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfgan_suite.errors import RunFailure
from tfgan_suite.protocol.dtypes import CODES, DTYPES, NAMES, STRING


@dataclass(frozen=True)
class TensorInfo:
    """One named input or output of a signature.

    Args:
        name: Name of the tensor in the graph, such as `"serving_default_seed:0"`.
        dtype: NumPy dtype; strings are `object` (arrays of `bytes`).
        shape: Sizes, `None` where any size is accepted; `None` for an unknown rank.
    """

    name: str
    dtype: np.dtype
    shape: tuple[int | None, ...] | None

    def __str__(self):
        kind = "string" if self.dtype.hasobject else self.dtype.name
        if self.shape is None:
            return f"{kind} of any shape"
        sizes = ["any" if size is None else str(size) for size in self.shape]
        if self.has_rows:
            sizes[0] = "batch"
        return f"{kind} [{', '.join(sizes)}]"

    @property
    def has_rows(self) -> bool:
        """Whether the first dimension is the batch."""
        return bool(self.shape) and self.shape[0] is None

    def check(self, array: np.ndarray) -> None:
        """Raises ValueError for another dtype or shape, NaN and infinity."""
        if array.dtype != self.dtype:
            raise ValueError(f"has dtype {array.dtype}; expected {self}")
        self.check_shape(array.shape)
        if self.dtype.kind == "f" and not np.isfinite(array).all():
            bad = np.unique(np.argwhere(~np.isfinite(np.atleast_1d(array)))[:, 0])
            raise ValueError(f"holds NaN or infinity in rows {bad[:20].tolist()} (counted from 0)")

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Raises ValueError for a shape that is not the declared one."""
        if self.shape is None:
            return
        fits = len(shape) == len(self.shape) and all(
            declared in (None, size) for declared, size in zip(self.shape, shape, strict=True)
        )
        if not fits:
            raise ValueError(f"has shape {list(shape)}; expected {self}")


@dataclass(frozen=True)
class SignatureInfo:
    """Named inputs and outputs of one signature."""

    inputs: dict[str, TensorInfo]
    outputs: dict[str, TensorInfo]


def tensor_infos(entries: Iterable) -> dict[str, TensorInfo]:
    """Returns what the entries of a `SignatureDef` declare, by name."""
    infos = {}
    for entry in entries:
        shape = entry.value.shape
        sizes = None if shape.unknown_rank else [dim.size for dim in shape.dim]
        infos[entry.key] = _info(entry.key, entry.value.name, entry.value.dtype, sizes)
    return infos


def tensor_infos_from_json(entries: Mapping[str, Any]) -> dict[str, TensorInfo]:
    """As `tensor_infos`, from the JSON form of a `SignatureDef`.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: It has another form.
    """
    infos = {}
    for key, value in entries.items():
        shape = value.get("tensor_shape", {})
        sizes = [int(dim.get("size", 0)) for dim in shape.get("dim", [])]
        code = NAMES[value["dtype"]] if value["dtype"] in NAMES else value["dtype"]
        infos[key] = _info(
            key, value.get("name", ""), code, None if shape.get("unknown_rank") else sizes
        )
    return infos


def _info(key, name, code, sizes):
    if code not in DTYPES:
        known = ", ".join("string" if c == STRING else d.name for c, d in DTYPES.items())
        raise RunFailure(
            f"Tensor {key!r} has TensorFlow's dtype number {code!r}; expected one of {known}. "
            "Cast it to float32 in the signature."
        )
    shape = None if sizes is None else tuple(None if size < 0 else size for size in sizes)
    return TensorInfo(name, DTYPES[code], shape)


# === Protocol buffers ===

_FIELDS = {
    np.float32: "floats",
    np.float64: "doubles",
    np.int64: "longs",
    np.bool_: "bools",
    np.uint32: "unsigned_ints",
    np.uint64: "unsigned_longs",
}


def fill_proto(tensor, array: np.ndarray) -> None:
    """Writes an array into a `TensorProto`."""
    tensor.dtype = CODES[array.dtype]
    for size in array.shape:
        tensor.shape.dim.add(size=size)
    if array.dtype.hasobject:
        tensor.strings.extend(array.ravel())
    else:
        tensor.content = np.ascontiguousarray(array).tobytes()


def from_proto(tensor, max_bytes: int = 1 << 30) -> np.ndarray:
    """Reads a `TensorProto`.

    Args:
        tensor: The message. One value may stand for many in it, so a few bytes can ask for any
            amount of memory.
        max_bytes: Larger arrays are refused.

    Raises:
        ValueError: A dtype that is not carried, or a content that does not fit its shape.
    """
    if tensor.dtype not in DTYPES:
        raise ValueError(f"has TensorFlow's dtype number {tensor.dtype}, which is not supported")
    dtype, shape = DTYPES[tensor.dtype], [dim.size for dim in tensor.shape.dim]
    if tensor.shape.unknown_rank or min(shape, default=0) < 0:
        raise ValueError(f"has no complete shape, but {shape}")
    size = math.prod(shape)
    if size * dtype.itemsize > max_bytes:
        raise ValueError(f"has shape {shape}, more than {max_bytes:,} bytes")
    if tensor.content:
        return np.frombuffer(tensor.content, dtype).reshape(shape)
    field = "strings" if tensor.dtype == STRING else _FIELDS.get(dtype.type, "ints")
    values = list(getattr(tensor, field))
    if len(values) > size:
        raise ValueError(f"has {len(values)} values for shape {shape}")
    array = np.full(shape, b"" if dtype.hasobject else 0, dtype)
    if values:  # The last one stands for all that follow.
        flat = np.empty(len(values), dtype)
        flat[:] = values
        array.reshape(-1)[: len(values)] = flat
        array.reshape(-1)[len(values) :] = values[-1]
    return array


# === JSON ===

_NUMBER_KINDS = {"f": "fiu", "i": "iu", "u": "iu", "b": "b"}


def to_json(array: np.ndarray) -> Any:
    """Returns nested lists, bytes as `{"b64": ...}`, as a model server's REST interface does."""
    if array.dtype != object:
        return array.tolist()
    encoded = np.empty(array.shape, object)
    for place, data in np.ndenumerate(array):
        encoded[place] = {"b64": base64.b64encode(data).decode()}
    return encoded.tolist()


def from_json(value: Any, dtype: np.dtype) -> np.ndarray:
    """Returns the array of nested lists.

    Args:
        value: Numbers or booleans as `dtype` has them; for strings `{"b64": ...}`, text or bytes.
        dtype: Of the result; a value that it cannot hold is refused.

    Raises:
        ValueError: Anything else, or lists of differing lengths.
    """
    if dtype.hasobject:
        array = np.array(value, object)
        for place, data in np.ndenumerate(array):
            array[place] = _bytes(data)
        return array
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError) as error:
        raise ValueError("is no array: its lists have differing lengths") from error
    if array.size == 0:
        return array.astype(dtype)
    if array.dtype.kind not in _NUMBER_KINDS[dtype.kind]:
        raise ValueError(f"holds something else than values of dtype {dtype}")
    with np.errstate(all="ignore"):
        converted = array.astype(dtype)
    if dtype.kind != "f" and not np.array_equal(converted, array):
        raise ValueError(f"holds values that dtype {dtype} cannot hold")
    return converted


def _bytes(value):
    if isinstance(value, bytes):
        return value
    try:
        if isinstance(value, str):
            return value.encode()
        if isinstance(value, dict) and set(value) == {"b64"}:
            return base64.b64decode(value["b64"], validate=True)
    except (ValueError, TypeError) as error:
        raise ValueError(f"holds a string that cannot be decoded: {error}") from error
    raise ValueError('holds something else than strings and {"b64": ...}')
