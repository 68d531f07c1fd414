"""Places on disk that a data config names."""

import pathlib

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
