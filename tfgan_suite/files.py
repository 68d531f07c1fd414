"""Files that are whole, and on the disk. TensorFlow is not imported."""

import contextlib
import fcntl
import os
import stat
from pathlib import Path
from typing import BinaryIO

PART = ".part"
"""Ends the name of a file that is being written."""


def open_regular(path: str | Path) -> BinaryIO:
    """Opens a file to read its bytes.

    Raises:
        OSError: there is no such file, or it is a pipe, a socket, a device or a folder. Opening a
            pipe would wait for someone who writes to it.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError("not a regular file")
    return open(path, "rb")


def read_text(path: str | Path, errors: str = "strict") -> str:
    """Returns the text of a file in UTF-8; raises as `open_regular`, and UnicodeDecodeError."""
    with open_regular(path) as file:
        return file.read().decode(errors=errors)


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


@contextlib.contextmanager
def alone_in(folder: Path):
    """While the `with` block runs, another process that calls this for the folder waits."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sync(path: Path) -> None:
    """Waits until the disk has what was written to a file or folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
