"""Processes that are started once for all tests, whichever pytest-xdist worker asks first."""

import contextlib
import fcntl

import pytest


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory):
    """A folder that all pytest-xdist workers of this test session have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if base.name.startswith("popen-") else base


@contextlib.contextmanager
def _alone(lock):
    with open(lock, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def once(shared_folder):
    """Calls `make(folder)` for the first who asks; all get the folder."""

    def once(name, make):
        folder = shared_folder / name
        with _alone(shared_folder / f".{name}.lock"):
            if not folder.exists():
                folder.mkdir()
                make(folder)
        return folder

    return once
