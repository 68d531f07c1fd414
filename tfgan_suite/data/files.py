"""Places on disk that a data config names."""

import os
import pathlib
import stat
from typing import BinaryIO

from tfgan_suite.errors import UserInputError


def expand(location: str) -> pathlib.Path:
    """Returns the path that a source names, `~` and `~user` expanded."""
    try:
        path = pathlib.Path(location).expanduser()
        path.is_dir()  # asks the system, which refuses what can be no name
    except (RuntimeError, OSError) as error:  # no such user; too long a name
        raise UserInputError(f"{location!r} cannot be opened: {error}.") from error
    if "\0" in location:
        raise UserInputError(f"{location!r} cannot be opened: a path holds no zero byte.")
    return path


def open_regular(path: pathlib.Path) -> BinaryIO:
    """Opens a file to read it.

    Raises:
        OSError: there is no such file, or it is a pipe, a socket, a device or a folder. Opening a
            pipe would wait for someone who writes to it.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        raise OSError("not a regular file")
    return open(path, "rb")
