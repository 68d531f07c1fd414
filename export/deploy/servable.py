"""What the files to be written have to know of an export directory."""

import json
import os
import re
from dataclasses import dataclass

import numpy as np

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.serving import layout, versions

# A batch's inputs and outputs should stay small beside what the networks hold in between.
_MAX_BATCH_BYTES = 32 * 2**20
_MAX_BATCH_SIZE = 64


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
        RunFailure: A label stands for a version that is not there, or the manifest is missing.
    """
    if not os.path.isdir(export_dir):
        raise UserInputError(f"--export_dir={export_dir} is no directory.")
    found = versions.versions(export_dir)
    if not found:
        raise UserInputError(
            f"--export_dir={export_dir} holds no version. Publish one with export.saved_model."
        )
    labels = versions.labels(export_dir)
    gone = {label: number for label, number in labels.items() if number not in found}
    if gone:
        raise RunFailure(f"The labels {gone} stand for versions that are not in {export_dir}.")
    newest = max(found)
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
    try:
        with open(layout.manifest_path(path), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise RunFailure(
            f"The manifest of {path} cannot be read: {error}. Publish with export.saved_model."
        ) from error


def _batch_sizes(signatures):
    """Powers of two up to what the largest row allows."""
    tensors = [
        tensor
        for signature in signatures.values()
        for kind in ("inputs", "outputs")
        for tensor in signature[kind].values()
    ]
    for tensor in tensors:
        if not tensor["shape"] or tensor["shape"][0] is not None:
            raise RunFailure(
                "A signature has an input or output without batch dimension; a server cannot "
                "join its requests into batches."
            )
    row_bytes = max(8 * int(np.prod(tensor["shape"][1:])) for tensor in tensors)
    largest = max(1, min(_MAX_BATCH_SIZE, _MAX_BATCH_BYTES // row_bytes))
    return tuple(2**power for power in range(largest.bit_length()))
