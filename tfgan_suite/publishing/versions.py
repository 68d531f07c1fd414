"""The versions below an export directory, as a model server watches them.

A model server polls the directory and loads whatever has an integer for its name, complete or not.
So a version is written under another name, brought to the disk, and only then renamed; and it is
renamed before it is removed. Any number of publishers may work at a time: whoever holds the lock of
an unfinished version is alive, what has no holder is left over from one that was killed.
"""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Iterator

from tfgan_suite.errors import RunFailure, UserInputError

MAX_LABEL = 100
"""Longest label, in characters."""

_UNFINISHED, _REMOVED, _LOCK = ".publishing-", ".removing-", ".lock"


class NewVersion:
    """A version that is being written.

    Attributes:
        staging: Its directory while it is written.
        path: Its directory when it is published, else `None`.
        number: Its number when it is published, else `None`.
    """

    def __init__(self, staging: str):
        self.staging, self.path, self.number = staging, None, None


def versions(base: str | os.PathLike) -> dict[int, str]:
    """Returns the path of each version in an export directory, by number, in rising order.

    A model server takes every child whose name is an integer for a version, zeros in front or not.
    """
    found = {
        int(name): os.path.join(base, name)
        for name in os.listdir(base)
        if re.fullmatch(r"[0-9]+", name)
    }
    return dict(sorted(found.items()))


@contextlib.contextmanager
def new_version(base: str | os.PathLike, number: int | None = None) -> Iterator[NewVersion]:
    """Makes a directory to write a version into; publishes it at the end, or removes it on failure.

    Args:
        base: Export directory; made when missing, and on failure removed again.
        number: Number to publish under, at least 1; by default one more than the highest there.

    Yields:
        A `NewVersion`. Its `path` and `number` are set afterwards.

    Raises:
        UserInputError: The number is taken, or none.
        RunFailure: The directory cannot be written.
    """
    base = os.fspath(base)
    made = []
    with contextlib.ExitStack() as held:
        try:
            made = _make_directories(base)
            _remove_leftovers(base)
            new = NewVersion(_locked_directory(base, held))
        except OSError as error:
            _remove_empty(made)
            raise RunFailure(f"Cannot write to the export directory {base}: {error}") from error
        try:
            _check_free(base, number)
            yield new
            _sync(new.staging)
            new.path, new.number = _rename(new.staging, base, number)
        except BaseException as error:
            shutil.rmtree(new.staging, ignore_errors=True)
            held.close()
            _remove_empty(made)
            if isinstance(error, OSError):
                raise RunFailure(f"Publishing to {base} failed: {error}") from error
            raise


def remove_old(base: str | os.PathLike, keep: int, published: int | None = None) -> list[int]:
    """Removes all versions but the newest ones, those that have a label, and a published one.

    Args:
        base: Export directory.
        keep: How many of the newest to leave, at least 1.
        published: A version to leave whatever its number is.

    Returns:
        The numbers of those removed.

    Raises:
        RunFailure: A label cannot be read, or a version cannot be removed.
    """
    found = versions(base)
    kept = {published, *list(found)[-keep:], *labels(base).values()}
    removed = []
    for number, path in found.items():
        if number in kept:
            continue
        aside = os.path.join(base, f"{_REMOVED}{uuid.uuid4().hex}")
        try:
            os.rename(path, aside)
        except FileNotFoundError:
            continue  # Another publisher was faster.
        except OSError as error:
            raise RunFailure(f"Version {number} cannot be removed: {error}") from error
        removed.append(number)
        shutil.rmtree(aside, ignore_errors=True)
    return removed


def labels(base: str | os.PathLike) -> dict[str, int]:
    """Returns the version of each label, such as `{"stable": 3}`.

    Raises:
        RunFailure: `labels` is no folder, or holds something that is no label.
    """
    folder = _labels_folder(base)
    found = {}
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if name.startswith("."):
            continue
        path = os.path.join(folder, name)
        if not os.path.isfile(path):  # Opening a named pipe would wait for its writer.
            raise RunFailure(f"{path} is no file; expected a label. Move it away.")
        try:
            with open(path, "rb") as file:
                content = file.read(100).strip()
        except OSError as error:
            raise RunFailure(f"The label {path} cannot be read: {error}") from error
        if not re.fullmatch(rb"[0-9]{1,18}", content):
            raise RunFailure(
                f"The label {path} holds {content!r}; expected the number of a version. Write one "
                "into the file, or remove it."
            )
        found[name] = int(content)
    return found


def check_label_name(label: str) -> None:
    """Raises UserInputError for what a model server does not take as a label."""
    if not re.fullmatch(rf"[A-Za-z0-9_]{{1,{MAX_LABEL}}}", label):
        raise UserInputError(
            f"The label is {label!r}; expected 1 to {MAX_LABEL} letters, digits and underscores, "
            "such as 'stable'."
        )


def check_label(base: str | os.PathLike, label: str) -> None:
    """Refuses a label that could not be set.

    Raises:
        UserInputError: A model server does not take it.
        RunFailure: Something else has its place below the export directory.
    """
    check_label_name(label)
    path = os.path.join(_labels_folder(base), label)
    if os.path.isdir(path):
        raise RunFailure(f"{path} is a folder; expected a label. Move it away.")


def set_label(base: str | os.PathLike, label: str, number: int) -> None:
    """Gives a label to a version, and takes it from the one that had it.

    Raises:
        UserInputError: It is no label.
        RunFailure: It cannot be written; the label is what it was.
    """
    check_label(base, label)
    folder = _labels_folder(base)
    beside = os.path.join(folder, f".{label}-{uuid.uuid4().hex}")
    try:
        os.makedirs(folder, exist_ok=True)
        with open(beside, "w", encoding="utf-8") as file:
            file.write(f"{number}\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, os.path.join(folder, label))
        _sync_entry(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise RunFailure(f"The label {label!r} cannot be written: {error}") from error


def _labels_folder(base):
    folder = os.path.join(base, "labels")
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise RunFailure(f"{folder} is a file; expected the folder of the labels. Move it away.")
    return folder


def _make_directories(base):
    """Makes the directory; returns what had to be made, the innermost first."""
    made, parent = [], os.path.abspath(base)
    while not os.path.lexists(parent):
        made.append(parent)
        parent = os.path.dirname(parent)
    os.makedirs(base, exist_ok=True)
    return made


def _remove_empty(directories):
    for directory in directories:
        with contextlib.suppress(OSError):  # Somebody else may use it by now.
            os.rmdir(directory)


def _locked_directory(base, held):
    """Makes a directory that no model server looks at, and locks it while `held` is open."""
    while True:
        staging = os.path.join(base, f"{_UNFINISHED}{uuid.uuid4().hex}")
        lock = _locked(staging + _LOCK, os.O_CREAT | os.O_EXCL)
        if lock is not None:
            held.callback(_unlock, lock, staging + _LOCK)
            os.mkdir(staging)
            return staging


def _locked(path, flags=0):
    """Opens a lock file and locks it; `None` where somebody else has it or it is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR | flags, 0o644)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between opening and locking somebody may have taken it for a leftover.
        if os.path.exists(path) and os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _unlock(descriptor, path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    os.close(descriptor)


def _remove_leftovers(base):
    """Removes what publishers that were killed have left."""
    for name in os.listdir(base):
        path = os.path.join(base, name)
        if name.startswith(_REMOVED):
            shutil.rmtree(path, ignore_errors=True)
        elif name.startswith(_UNFINISHED) and name.endswith(_LOCK):
            lock = _locked(path)
            if lock is not None:
                shutil.rmtree(path.removesuffix(_LOCK), ignore_errors=True)
                _unlock(lock, path)


def _check_free(base, number):
    if number is None:
        return
    if number < 1:
        raise UserInputError(f"The version is {number}; expected an integer from 1 on.")
    taken = versions(base)
    if number in taken:
        raise UserInputError(
            f"Version {number} exists already: {taken[number]}. A published version is never "
            f"overwritten; leave the version out to publish as {max(taken) + 1}."
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


def _rename(staging, base, number):
    """Renames to the number, or to the next free one; returns path and number."""
    while True:
        _check_free(base, number)
        chosen = number or max(versions(base), default=0) + 1
        path = os.path.join(base, str(chosen))
        try:
            # Never replaces a directory that holds something: of two publishers one gets an error.
            os.rename(staging, path)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
            continue
        _sync_entry(base)
        return path, chosen
