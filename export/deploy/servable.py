"""What the files to be written have to know of an export directory."""

import json
import math
import os
import re
from dataclasses import dataclass

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.publishing import layout, versions

# A batch's inputs and outputs should stay small beside what the networks hold in between.
_MAX_BATCH_BYTES = 32 * 2**20
_MAX_BATCH_SIZE = 64
_MAX_VERSION = 2**63 - 1


@dataclass(frozen=True)
class Servable:
    """A published model.

    Args:
        name: Name under which it is served.
        export_dir: Absolute path of its versions.
        labels: Version of each label, such as `{"stable": 3}`.
        newest: Number of the newest version.
        batch_sizes: Sizes to which a server fills up the batches that it makes of requests.
    """

    name: str
    export_dir: str
    labels: dict[str, int]
    newest: int
    batch_sizes: tuple[int, ...]

    @property
    def served_versions(self) -> list[int]:
        """The versions to load: those with a label and the newest."""
        return sorted({*self.labels.values(), self.newest})


def read(export_dir: str, name: str | None = None) -> Servable:
    """Reads what is published in an export directory.

    Args:
        export_dir: Directory of the versions.
        name: Name to serve it under; by default that of the model's class, in lower case.

    Raises:
        UserInputError: There is no version, or the name cannot be used everywhere.
        RunFailure: A label stands for a version that is not there or is none, or the manifest is
            missing or damaged.
    """
    try:
        os.fsencode(export_dir).decode()
    except UnicodeDecodeError as error:
        raise UserInputError(
            f"--export_dir={export_dir!r} is not UTF-8, and the files to be written are."
        ) from error
    if not os.path.isdir(export_dir):
        raise UserInputError(f"--export_dir={export_dir} is no directory.")
    try:
        found = versions.versions(export_dir)
        labels = versions.labels(export_dir)
    except (OSError, ValueError) as error:
        raise RunFailure(f"--export_dir={export_dir} cannot be read: {error}") from error
    if not found:
        raise UserInputError(
            f"--export_dir={export_dir} holds no version. Publish one with export.saved_model."
        )
    for label in labels:
        try:
            versions.check_label_name(label)
        except UserInputError as error:
            raise RunFailure(
                f"{os.path.join(export_dir, 'labels')}: {error} Remove the file."
            ) from error
    gone = {label: number for label, number in labels.items() if number not in found}
    if gone:
        raise RunFailure(f"The labels {gone} stand for versions that are not in {export_dir}.")
    newest = max(found)
    if newest > _MAX_VERSION:
        raise RunFailure(
            f"{found[newest]}: a model server counts its versions up to {_MAX_VERSION}. Remove it."
        )
    manifest = _manifest(found[newest])
    name = name or manifest["model"].lower()
    # What Kubernetes takes for names; it is the strictest.
    if not re.fullmatch(r"[a-z]([a-z0-9-]{0,50}[a-z0-9])?", name):
        raise UserInputError(
            f"The name is {name!r}; expected lower-case letters, digits and hyphens, a letter "
            "first, at most 52. Give another --name."
        )
    return Servable(
        name=name,
        export_dir=os.path.abspath(export_dir),
        labels=labels,
        newest=newest,
        batch_sizes=_batch_sizes(manifest["signatures"]),
    )


def _manifest(path):
    """Returns the manifest of a version; what is used of it has the types that it should have."""
    file_name = layout.manifest_path(path)
    try:
        with open(file_name, encoding="utf-8") as file:
            manifest = json.load(file)
        signatures = manifest["signatures"]
        tensors = [
            tensor
            for signature in signatures.values()
            for kind in ("inputs", "outputs")
            for tensor in signature[kind].values()
        ]
        if not isinstance(manifest["model"], str):
            raise TypeError(f"'model' is {manifest['model']!r}")
        if not tensors:
            raise ValueError("there are no signatures")
        for tensor in tensors:
            for size in tensor["shape"]:
                if size is not None and (type(size) is not int or size < 0):
                    raise TypeError(f"a shape holds {size!r}")
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error)
    except (KeyError, TypeError, AttributeError) as error:
        reason = f"it has not the form of a manifest ({type(error).__name__}: {error})"
    else:
        return manifest
    raise RunFailure(
        f"The manifest {file_name} cannot be used: {reason}. Publish with export.saved_model."
    )


def _batch_sizes(signatures):
    """Powers of two up to what the largest row allows."""
    shapes = [
        tensor["shape"]
        for signature in signatures.values()
        for kind in ("inputs", "outputs")
        for tensor in signature[kind].values()
    ]
    for shape in shapes:
        if not shape or shape[0] is not None:
            raise RunFailure(
                "A signature has an input or output without batch dimension; a server cannot "
                "join its requests into batches."
            )
    if any(None in shape[1:] for shape in shapes):
        return (1,)  # Rows of differing sizes do not fit into one batch.
    row_bytes = max(8, *(8 * math.prod(shape[1:]) for shape in shapes))
    largest = max(1, min(_MAX_BATCH_SIZE, _MAX_BATCH_BYTES // row_bytes))
    return tuple(2**power for power in range(largest.bit_length()))
