import errno
import fcntl
import json
import os
import socket

import pytest
import tiny
from injections import kill, start, wait_for

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.runs import Workdir, train

CONFIG = "tests/faults/points_config.py"


def test_the_second_training_is_refused_with_the_holders_name(tmp_path):
    train(tiny.points(), tmp_path / "run")
    before = tiny.written(tmp_path / "run")
    with Workdir(tmp_path / "run").lock():
        with pytest.raises(
            UserInputError, match=f"process {os.getpid()} on {socket.gethostname()}"
        ):
            train(tiny.points(images=800), tmp_path / "run")
    assert tiny.written(tmp_path / "run") == before
    assert Workdir(tmp_path / "run").read_config()["images"] == 80


def test_a_killed_training_leaves_no_lock(tmp_path):
    workdir = tmp_path / "run"
    arguments = [f"--config={CONFIG}", f"--workdir={workdir}", "--config.images=1_000_000"]
    first = start("launch.train", *arguments)
    wait_for(first, (workdir / "metrics.jsonl").exists)
    with pytest.raises(UserInputError, match=f"in use: process {first.pid} on "):
        train(tiny.points(images=1_000_000), workdir)
    assert kill(first)
    with Workdir(workdir).lock():
        pass
    assert json.loads((workdir / ".lock").read_text())["pid"] == os.getpid()


def test_a_folder_that_is_refused_keeps_no_lock(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(UserInputError, match="not empty"):
        train(tiny.points(), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_a_killed_run_left_half_written_goes(tmp_path):
    train(tiny.points(), tmp_path / "run")
    part = tmp_path / "run/checkpoints/part-0123"
    part.mkdir()
    (part / "variables.index").write_text("half")
    left = [tmp_path / "run/.config.json.part", tmp_path / "run/samples/.000000000032.png.part"]
    for file in left:
        file.write_text("half")
    # While another training holds the folder they may be its own.
    with Workdir(tmp_path / "run").lock(), pytest.raises(UserInputError):
        train(tiny.points(), tmp_path / "run")
    assert part.exists() and all(file.exists() for file in left)
    train(tiny.points(), tmp_path / "run")
    assert not part.exists() and not any(file.exists() for file in left)


def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.warns(UserWarning, match="has no locks"), Workdir(tmp_path).lock():
        pass


def test_a_lock_that_was_removed_under_its_holder_is_not_taken_for_one(tmp_path, monkeypatch):
    real, taken = fcntl.flock, []

    def remove_first(file, how):
        real(file, how)
        if not taken:
            (tmp_path / "run/.lock").unlink()
        taken.append(file)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    with Workdir(tmp_path / "run").lock():
        assert len(taken) == 2 and (tmp_path / "run/.lock").exists()


def test_a_folder_that_cannot_be_made_is_a_failure(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFailure, match="cannot be written"):
        train(tiny.points(), tmp_path / "file/run")
    assert (tmp_path / "file").read_text() == ""
