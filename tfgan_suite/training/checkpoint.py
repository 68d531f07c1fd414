"""Checkpoints that are whole or not there."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import uuid
import warnings
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfgan_suite.errors import RunFailure, UserInputError, closest_name
from tfgan_suite.files import open_regular, read_text, sync
from tfgan_suite.literal_paths import literal_path

_MANIFEST = "manifest.json"
_VARIABLES = "variables"  # what their files' names begin with
_KEY = "{}/.ATTRIBUTES/VARIABLE_VALUE"  # of a variable in TensorFlow's files
_SEAL = "sha256"  # of the rest of the manifest
_PART = "part-"
_NAME = re.compile(r"\d{12}")
_CLOCKS = ("step", "skipped_steps", "images_seen")


class DamagedCheckpoint(RunFailure):
    """A checkpoint's files are not those that were written."""


class Checkpoints:
    """The checkpoints of one run, newest last, each in a folder named by the images seen.

    A checkpoint holds the variables of `model.checkpoint_objects()` and a manifest with the
    SHA-256 of every file and of itself; folder, manifest and variables agree on the images seen, so
    that a renamed folder is found out. It is written beside, as `part-*`, and renamed when all of
    it is on the disk; it goes by being renamed first. So a kill leaves whole ones and `part-*`.

    Args:
        directory: str or path. Made when the first checkpoint is saved.
        keep: int. How many of the newest stay. Defaults to 3.

    Example:

    ```python
    checkpoints = Checkpoints("run/checkpoints")
    extra = checkpoints.restore(model)  # None where nothing was saved yet
    checkpoints.save(model, extra={"note": "after warm-up"})
    ```
    """

    def __init__(self, directory, keep: int = 3):
        if keep < 1:
            raise UserInputError(f"keep is the number of checkpoints to keep, at least 1: {keep}.")
        self.directory = Path(directory)
        self.keep = keep

    def names(self) -> list[str]:
        """Returns the names of the checkpoints, oldest first."""
        if not self.directory.is_dir():
            return []
        return sorted(p.name for p in self.directory.iterdir() if _NAME.fullmatch(p.name))

    def save(self, model, extra: dict[str, Any] | None = None) -> Path:
        """Writes a checkpoint of `model` and returns its folder.

        Args:
            model: GenerativeModel.
            extra: dict. JSON values that `restore` gives back.

        Raises:
            RunFailure: if the disk does not take it. What was saved before is untouched.
        """
        clocks = {name: int(tf.convert_to_tensor(getattr(model, name).value)) for name in _CLOCKS}
        images = clocks["images_seen"]
        target = self.directory / f"{images:012d}"
        part = self._new_part()
        try:
            part.mkdir(parents=True)
            tf.train.Checkpoint(**model.checkpoint_objects()).write(str(part / _VARIABLES))
            manifest = {
                "model": type(model).__name__,
                **clocks,
                "files": {file.name: _sha256(file) for file in sorted(part.iterdir())},
                "extra": extra or {},
            }
            sealed = {**manifest, _SEAL: _seal(manifest)}
            (part / _MANIFEST).write_text(json.dumps(sealed, indent=1))
            for file in (*part.iterdir(), part):
                sync(file)
            if target.exists():
                self._remove(target)
            os.rename(part, target)
            sync(self.directory)
        except (OSError, tf.errors.OpError) as error:
            raise RunFailure(
                f"The checkpoint of {images} images could not be written to {self.directory}: "
                f"{error}. Earlier checkpoints are untouched. Make room or give write access, "
                "then give the same command again."
            ) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
        for name in self.names()[: -self.keep]:
            with contextlib.suppress(OSError):
                self._remove(self.directory / name)
        return target

    def clean(self) -> None:
        """Removes what a killed process left unfinished. Nobody else may be saving here."""
        for part in self.directory.glob(f"{_PART}*"):
            shutil.rmtree(part, ignore_errors=True)

    def _new_part(self) -> Path:
        return self.directory / f"{_PART}{uuid.uuid4().hex}"

    def _remove(self, folder):
        part = self._new_part()
        os.rename(folder, part)
        shutil.rmtree(part, ignore_errors=True)

    def restore(self, model, name: str | None = None) -> dict[str, Any] | None:
        """Restores the newest sound checkpoint into `model`.

        Args:
            model: GenerativeModel of the same configuration; optimizers are restored when it is
                compiled.
            name: str. A certain checkpoint instead of the newest.

        Returns:
            What was given to `save` as `extra`, or None where there is no checkpoint.

        Raises:
            UserInputError: if there is no checkpoint `name`, or it is of another model.
            RunFailure: if there are checkpoints and none of them is sound.
        """
        names = self.names()
        if name is not None:
            if name not in names:
                raise UserInputError(
                    f"There is no checkpoint {name!r} in {self.directory}; there are {names}."
                    f"{closest_name(name, names)}"
                )
            return self._restore_one(model, name)
        for candidate in reversed(names):
            try:
                return self._restore_one(model, candidate)
            except DamagedCheckpoint as error:
                warnings.warn(f"{error} Trying the one before it.", stacklevel=2)
        if names:
            raise RunFailure(
                f"None of the checkpoints {names} in {self.directory} is sound. Nothing was "
                "changed. Put back a copy, or start anew with another workdir."
            )
        return None

    def _restore_one(self, model, name):
        folder = self.directory / name
        manifest = self._checked_manifest(folder)
        if manifest["model"] != type(model).__name__:
            raise UserInputError(
                f"{folder} holds a checkpoint of a {manifest['model']}, not of a "
                f"{type(model).__name__}. Use the configuration that it was trained with."
            )
        objects = model.checkpoint_objects()
        if "skipped_steps" not in manifest:  # saved by a version without rollbacks
            objects.pop("skipped_steps").assign(0)
        try:
            with literal_path(folder) as readable:
                status = tf.train.Checkpoint(**objects).read(str(readable / _VARIABLES))
            status.assert_existing_objects_matched()
        except (AssertionError, ValueError) as error:
            raise UserInputError(
                f"{folder} was saved with another configuration of {manifest['model']}: {error}"
            ) from error
        status.expect_partial()
        return manifest["extra"]

    def _checked_manifest(self, folder):
        try:
            manifest = json.loads(read_text(folder / _MANIFEST))
            seal = manifest.pop(_SEAL, None)
            # The first manifests had neither a seal nor skipped steps.
            if seal != _seal(manifest) and (seal is not None or "skipped_steps" in manifest):
                raise DamagedCheckpoint(
                    f"Checkpoint {folder} is damaged: {_MANIFEST} changed since it was written."
                )
            files, extra = dict(manifest["files"]), manifest["extra"]
            if not isinstance(manifest["model"], str) or not isinstance(extra, dict):
                raise TypeError("model must be a string and extra an object")
            found = {name: _sha256(folder / name) for name in files}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedCheckpoint(
                f"Checkpoint {folder} is damaged: {type(error).__name__}: {error}."
            ) from error
        wrong = sorted(name for name in files if files[name] != found[name])
        if wrong:
            raise DamagedCheckpoint(
                f"Checkpoint {folder} is damaged: {', '.join(wrong)} changed since it was written."
            )
        self._check_clocks(folder, manifest)
        return manifest

    def _check_clocks(self, folder, manifest):
        """Makes sure that the folder, its manifest and its variables are of the same moment."""
        told = {name: manifest.get(name) for name in _CLOCKS if name in manifest}
        try:
            with literal_path(folder) as readable:
                reader = tf.train.load_checkpoint(str(readable / _VARIABLES))
                stored = {name: int(reader.get_tensor(_KEY.format(name))) for name in told}
        except (tf.errors.OpError, ValueError, RuntimeError) as error:
            raise DamagedCheckpoint(
                f"Checkpoint {folder} is damaged: its variables cannot be read ({error})."
            ) from error
        if told != stored:
            raise DamagedCheckpoint(
                f"Checkpoint {folder} is damaged: {_MANIFEST} tells of {told}, the variables are "
                f"of {stored}."
            )
        if told.get("images_seen") != int(folder.name):
            raise DamagedCheckpoint(
                f"Checkpoint {folder} is damaged: its folder is named for {int(folder.name):,} "
                f"images and holds what was saved at {told.get('images_seen')}. Was it renamed, or "
                "swapped with another?"
            )


def _seal(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with open_regular(file) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
