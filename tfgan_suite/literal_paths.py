"""Paths that TensorFlow takes for patterns, made safe to read from.

Where TensorFlow restores variables it looks for the files by a pattern: of a folder `r[1]` it
would look at `r1`. No escape helps, since the same text then opens the files.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

_SPECIAL = frozenset("*?[]{}\\")


@contextlib.contextmanager
def literal_path(folder: str | os.PathLike) -> Iterator[Path]:
    """Gives a path to an existing folder that holds no character of a pattern.

    That is the folder's own path, or a link to it which goes at the end of the `with` block.
    """
    folder = Path(folder)
    if not _SPECIAL & set(str(folder)):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="tfgan_suite_") as place:
        link = Path(place, "link")
        link.symlink_to(folder.absolute(), target_is_directory=True)
        yield link
