"""Publishes a model as the next version below an export directory.

A model server polls that directory and loads whatever has an integer for its name, complete or
not. So a version is written under another name, checked by running it, brought to the disk, and
only then renamed.
"""

import contextlib
import errno
import json
import os
import platform
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.serving import layout
from tfgan_suite.version import __version__

EXAMPLE_ROWS = 3
"""Rows of each signature's recorded inputs and outputs."""


@dataclass(frozen=True)
class Published:
    """A version that a model server can load.

    Args:
        path: Its directory.
        version: Its number.
        signatures: Names of its signatures.
        images_seen: Training images that the model had seen.
    """

    path: str
    version: int
    signatures: list[str]
    images_seen: int


def publish(
    model: keras.Model, export_dir: str | os.PathLike, version: int | None = None
) -> Published:
    """Writes a model as a SavedModel, checks it in TensorFlow's C++ runtime and publishes it.

    Beside the SavedModel go a manifest and the outputs that the Keras model gives for the examples
    of its signatures, which `export.verify` compares with at any later time. Whoever reads the
    export directory sees the whole version or nothing; when anything fails, nothing is left.

    Args:
        model: A model with `signatures()` and `images_seen`.
        export_dir: Directory of the versions; made when missing.
        version: Number to publish under, at least 1; by default one more than the highest there.

    Returns:
        A `Published`.

    Raises:
        UserInputError: The version exists, or a signature breaks the rules of `Signature`.
        RunFailure: The directory cannot be written, or the SavedModel did not give the outputs of
            the Keras model.

    Example:

    ```python
    published = publish(model, "servable")
    print(published.path)  # servable/1
    ```
    """
    signatures = model.signatures()
    if "serving_default" not in signatures:
        raise UserInputError(
            f"The model declares the signatures {sorted(signatures)}; expected 'serving_default' "
            "among them, which a model server answers when a request names none."
        )
    export_dir = os.fspath(export_dir)
    images_seen = int(model.images_seen.numpy())
    with _staging_directory(export_dir) as staging:
        _check_version(export_dir, version)
        _write_saved_model(signatures, staging)
        described = {
            name: _record(name, signature, staging) for name, signature in signatures.items()
        }
        manifest = {
            "model": type(model).__name__,
            "images_seen": images_seen,
            "signatures": described,
            "fingerprint": tf.saved_model.experimental.read_fingerprint(staging).singleprint(),
            "versions": {
                "tfgan_suite": __version__,
                "tensorflow": tf.__version__,
                "keras": keras.__version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
            },
        }
        with open(layout.manifest_path(staging), "w", encoding="utf-8") as file:
            json.dump(manifest, file, indent=2)
        _verify_apart(staging)
        _sync(staging)
        path, version = _rename_to_version(staging, export_dir, version)
    return Published(path, version, list(signatures), images_seen)


@contextlib.contextmanager
def _staging_directory(export_dir):
    """Yields a new directory beside the versions; on failure it and what it needed are removed."""
    made = []
    try:
        try:
            parent = os.path.abspath(export_dir)
            while not os.path.lexists(parent):
                made.append(parent)
                parent = os.path.dirname(parent)
            os.makedirs(export_dir, exist_ok=True)
            # The name is no integer: a model server does not look at it.
            staging = os.path.join(export_dir, f".publishing-{uuid.uuid4().hex}")
            os.mkdir(staging)
        except OSError as error:
            raise RunFailure(
                f"Cannot write to the export directory {export_dir}: {error}"
            ) from error
        made.insert(0, staging)
        try:
            yield staging
        except (OSError, tf.errors.OpError) as error:
            raise RunFailure(f"Publishing to {export_dir} failed: {error}") from error
    except BaseException:
        for directory in made:
            if directory is made[0]:
                shutil.rmtree(directory, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):  # Somebody else may use it by now.
                    os.rmdir(directory)
        raise


def _check_version(export_dir, version):
    if version is None:
        return
    if version < 1:
        raise UserInputError(f"The version is {version}; expected an integer from 1 on.")
    taken = layout.versions(export_dir)
    if version in taken:
        raise UserInputError(
            f"Version {version} exists already: {taken[version]}. A published version is never "
            f"overwritten; leave the version out to publish as {max(taken) + 1}."
        )


def _write_saved_model(signatures, path):
    archive = keras.export.ExportArchive()
    for name, signature in signatures.items():
        archive.add_endpoint(name, _positional(signature), list(signature.tensor_specs.values()))
    archive.write_out(path, verbose=False)


def _positional(signature):
    """The signature with positional arguments; the SavedModel names them after the tensor specs."""
    return lambda *values: signature(**dict(zip(signature.tensor_specs, values, strict=True)))


def _record(name, signature, path):
    """Records what the Keras model gives for the signature's example; returns its description."""
    inputs = {
        key: np.asarray(value, signature.tensor_specs[key].dtype.as_numpy_dtype)
        for key, value in signature.example(EXAMPLE_ROWS).items()
    }
    with tf.device("CPU:0"):  # Where `verify` runs it, on whatever machine that is.
        outputs = {key: value.numpy() for key, value in signature(**inputs).items()}
    for key, value in outputs.items():
        kind = "string" if value.dtype == object else value.dtype.name
        if value.shape[:1] != (EXAMPLE_ROWS,) or kind != (
            "string" if key.endswith("_bytes") else "float32"
        ):
            raise UserInputError(
                f"Signature {name!r} gives {key!r} as {kind} {value.shape} for {EXAMPLE_ROWS} "
                "rows; expected one float32 answer per row, or one string per row where the name "
                "ends in '_bytes'."
            )
    layout.save_expected(layout.expected_path(path, name), inputs, outputs)
    return {
        "doc": signature.doc,
        "inputs": {
            key: {"dtype": spec.dtype.name, "shape": spec.shape.as_list()}
            for key, spec in signature.tensor_specs.items()
        },
        "outputs": {
            key: {
                "dtype": "string" if value.dtype == object else value.dtype.name,
                "shape": [None, *value.shape[1:]],
            }
            for key, value in outputs.items()
        },
    }


def _verify_apart(path):
    """Verifies in a process that has no Python kernels, as a model server has none."""
    process = subprocess.run(
        [sys.executable, "-m", "tfgan_suite.serving.verify", path],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report = json.loads(process.stdout)
    except ValueError as error:
        raise RunFailure(
            "TensorFlow's C++ runtime stopped while it ran the SavedModel "
            f"(exit code {process.returncode}): {process.stderr[-2000:]}"
        ) from error
    if not report["verified"]:
        reasons = [report, *report["signatures"].values()]
        raise RunFailure(
            "The SavedModel does not do in TensorFlow's C++ runtime what the Keras model does: "
            + " ".join(reason["error"] for reason in reasons if "error" in reason)
        )


def _sync(path):
    """Brings a directory and all that is in it to the disk."""
    for directory, _, files in os.walk(path):
        for entry in [directory, *(os.path.join(directory, file) for file in files)]:
            _sync_entry(entry)


def _sync_entry(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename_to_version(staging, export_dir, version):
    """Renames to the version, or to the next free one; returns its path and number."""
    while True:
        _check_version(export_dir, version)
        number = version or max(layout.versions(export_dir), default=0) + 1
        path = os.path.join(export_dir, str(number))
        try:
            # Never replaces a directory that holds something: of two publishers one gets an error.
            os.rename(staging, path)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
            continue
        _sync_entry(export_dir)
        return path, number
