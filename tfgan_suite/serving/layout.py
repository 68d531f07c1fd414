"""What lies where below an export directory.

BASE/<version>/                                     a SavedModel
    assets.extra/tfgan_suite/manifest.json          what it is
    assets.extra/tfgan_suite/expected/<name>.npz    inputs and recorded outputs of a signature
"""

import os
import re
import zipfile
from collections.abc import Mapping

import numpy as np

from tfgan_suite.errors import RunFailure

EXTRA = os.path.join("assets.extra", "tfgan_suite")


def versions(base: str | os.PathLike) -> dict[int, str]:
    """Returns the path of each version in an export directory, by number, in rising order.

    A model server takes every child whose name is an integer for a version, zeros in front or not.
    """
    found = {
        int(name): os.path.join(base, name)
        for name in os.listdir(base)
        if re.fullmatch(r"[0-9]+", name)
    }
    return dict(sorted(found.items()))


def manifest_path(version_path: str | os.PathLike) -> str:
    return os.path.join(version_path, EXTRA, "manifest.json")


def expected_path(version_path: str | os.PathLike, signature: str) -> str:
    return os.path.join(version_path, EXTRA, "expected", f"{signature}.npz")


def save_expected(path: str, inputs: Mapping, outputs: Mapping) -> None:
    """Writes the inputs and outputs of a signature, `{name: array}` each, as one .npz file.

    NumPy stores bytes of differing lengths only by pickling; here they are joined, with their
    lengths beside them.
    """
    arrays = {}
    for group, named in {"inputs": inputs, "outputs": outputs}.items():
        for name, array in named.items():
            if array.dtype == object:
                joined = b"".join(array.ravel())
                arrays[f"{group}/{name}/bytes"] = np.frombuffer(joined, np.uint8)
                arrays[f"{group}/{name}/lengths"] = np.vectorize(len, otypes=[np.int64])(array)
            else:
                arrays[f"{group}/{name}"] = array
    os.makedirs(os.path.dirname(path), exist_ok=True)
    np.savez(path, **arrays)


def load_expected(path: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Reads what `save_expected` wrote: `(inputs, outputs)`.

    Raises:
        RunFailure: The file is missing or damaged.
    """
    groups = {"inputs": {}, "outputs": {}}
    try:
        with np.load(path, allow_pickle=False) as file:
            for key in file.files:
                group, name, *part = key.split("/")
                if part == ["bytes"]:
                    continue
                if part == ["lengths"]:
                    groups[group][name] = _split(file[f"{group}/{name}/bytes"], file[key])
                else:
                    groups[group][name] = file[key]
    except FileNotFoundError as error:
        raise RunFailure(f"There are no recorded outputs: {path} is missing.") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise RunFailure(f"The recorded outputs in {path} cannot be read: {error}") from error
    return groups["inputs"], groups["outputs"]


def _split(joined, lengths):
    """Cuts the bytes into an `object` array of the shape of `lengths`."""
    pieces = np.split(joined, np.cumsum(lengths.ravel())[:-1])
    array = np.empty(lengths.shape, object)
    for i, piece in enumerate(pieces):
        array.flat[i] = piece.tobytes()
    return array
