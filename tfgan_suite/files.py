"""Files that are whole, and on the disk. TensorFlow is not imported."""

import os
from pathlib import Path

PART = ".part"
"""Ends the name of a file that is being written."""


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file beside `path` and renames it, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}{PART}")
    try:
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Waits until the disk has what was written to a file or folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
