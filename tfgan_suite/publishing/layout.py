"""What lies where below an export directory.

BASE/<version>/                                     a SavedModel
    assets.extra/tf_serving_warmup_requests         what a model server runs before it serves it
    assets.extra/tfgan_suite/manifest.json          what it is
    assets.extra/tfgan_suite/model_card.md          the same, for people
    assets.extra/tfgan_suite/expected/<name>.npz    inputs and recorded outputs of a signature
BASE/labels/<label>                                 number of the version that has the label
"""

import hashlib
import os
from collections.abc import Mapping

import numpy as np
from google.protobuf.message import DecodeError

from tfgan_suite.errors import RunFailure
from tfgan_suite.files import open_regular
from tfgan_suite.protocol.protos import message

EXTRA = os.path.join("assets.extra", "tfgan_suite")


def manifest_path(version_path: str | os.PathLike) -> str:
    return os.path.join(version_path, EXTRA, "manifest.json")


def model_card_path(version_path: str | os.PathLike) -> str:
    return os.path.join(version_path, EXTRA, "model_card.md")


def expected_path(version_path: str | os.PathLike, signature: str) -> str:
    return os.path.join(version_path, EXTRA, "expected", f"{signature}.npz")


def saved_model_sha256(version_path: str | os.PathLike) -> str:
    """Returns the SHA-256 of the graph and the variables.

    It is what `cat saved_model.pb variables/* | sha256sum` prints.
    """
    folder = os.path.join(version_path, "variables")
    digest = hashlib.sha256()
    try:
        variables = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
        for path in [os.path.join(version_path, "saved_model.pb"), *variables]:
            with open_regular(path) as file:
                for block in iter(lambda: file.read(1 << 20), b""):
                    digest.update(block)
    except OSError as error:
        raise RunFailure(f"The files of {version_path} cannot be read: {error}") from error
    return digest.hexdigest()


def fingerprint(version_path: str | os.PathLike) -> str:
    """Returns what TensorFlow calls the `singleprint` of a SavedModel, from fingerprint.pb."""
    path = os.path.join(version_path, "fingerprint.pb")
    try:
        with open_regular(path) as file:
            found = message("FingerprintDef").FromString(file.read())
    except (OSError, DecodeError) as error:
        raise RunFailure(f"{path} cannot be read: {error}") from error
    return (
        f"{found.graph_def_program_hash}/{found.signature_def_hash}/"
        f"{found.saved_object_graph_hash}/{found.checkpoint_hash}"
    )


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
    except Exception as error:  # NumPy, zipfile and zlib have errors of their own for damage.
        raise RunFailure(f"The recorded outputs in {path} cannot be read: {error}") from error
    return groups["inputs"], groups["outputs"]


def _split(joined, lengths):
    """Cuts the bytes into an `object` array of the shape of `lengths`."""
    pieces = np.split(joined, np.cumsum(lengths.ravel())[:-1])
    array = np.empty(lengths.shape, object)
    for i, piece in enumerate(pieces):
        array.flat[i] = piece.tobytes()
    return array
