import shutil

import numpy as np
import pytest
import tiny

from tfgan_suite import publishing
from tfgan_suite.drawing import ImageGrid, write_drawing
from tfgan_suite.errors import RunFailure
from tfgan_suite.runs import Workdir, load, train

NEVER = 10**9
ONLY = {
    "log": dict(log_every=8, sample_every=NEVER, checkpoint_every=NEVER),
    "sample": dict(log_every=NEVER, sample_every=16, checkpoint_every=NEVER),
    "checkpoint": dict(log_every=NEVER, sample_every=NEVER, checkpoint_every=16),
}


def same_files(folder, expected):
    return {p.name: p.read_bytes() for p in folder.iterdir()} == expected


long = pytest.mark.faults


@pytest.mark.parametrize(
    "what", ["checkpoint", *(pytest.param(what, marks=long) for what in ("log", "sample"))]
)
def test_a_full_disk_stops_the_run_which_goes_on_when_there_is_room(small_disk, tmp_path, what):
    disk = small_disk(kib=1024)
    longer = tiny.points(images=480, **ONLY[what])
    workdir = disk.path / "run"
    train(tiny.points(), workdir)
    shutil.copytree(workdir, tmp_path / "whole")
    whole = train(longer, tmp_path / "whole")

    newest = workdir / "checkpoints/000000000080"
    good = {p.name: p.read_bytes() for p in newest.iterdir()}
    disk.fill(leave_kib=4)  # the lock and config.json still fit
    with pytest.raises(RunFailure, match="No space left on device") as caught:
        train(longer, workdir)
    assert "same command again" in str(caught.value) and str(workdir) in str(caught.value)
    assert same_files(newest, good)
    assert not list(workdir.glob("checkpoints/part-*")) + list(workdir.glob("**/.*.part"))

    disk.make_room()
    resumed = train(longer, workdir)
    assert tiny.same_numbers(whole, resumed)
    assert tiny.written(workdir) == tiny.written(tmp_path / "whole")


def test_a_disk_that_is_full_at_the_start_is_told(small_disk):
    disk = small_disk(kib=256)
    disk.fill()
    with pytest.raises(RunFailure, match="No space left on device"):
        train(tiny.points(), disk.path / "run")
    disk.make_room()
    train(tiny.points(images=8), disk.path / "run")


def test_a_full_disk_during_sampling_is_told(small_disk):
    disk = small_disk(kib=64)
    disk.fill()
    with pytest.raises(RunFailure, match="grid.png cannot be written.*No space left on device"):
        write_drawing(disk.path / "grid.png", ImageGrid(np.zeros([4, 8, 8, 3])))
    assert [p.name for p in disk.path.iterdir()] == ["filler"]


@long
def test_a_full_disk_during_the_export_publishes_nothing(small_disk, tmp_path):
    train(tiny.points(images=8), tmp_path / "run")
    _, model = load(tmp_path / "run")
    disk = small_disk(kib=2048)
    disk.fill(leave_kib=64)
    with pytest.raises(RunFailure, match="No space left on device|failed"):
        publishing.publish(model, disk.path / "servable")
    assert not (disk.path / "servable").exists()
    disk.make_room()
    assert publishing.publish(model, disk.path / "servable").version == 1


def test_a_folder_that_becomes_read_only_is_told(small_disk):
    disk = small_disk(kib=1024)
    train(tiny.points(), disk.path / "run")
    before = tiny.written(disk.path / "run")
    disk.forbid_writing()
    for workdir in (disk.path / "run", disk.path / "another"):
        with pytest.raises(RunFailure, match="cannot be written.*Read-only"):
            train(tiny.points(images=800), workdir)
    assert tiny.written(disk.path / "run") == before
    # What only reads still works.
    assert int(load(disk.path / "run")[1].images_seen.numpy()) == 80


@long
def test_a_lost_tensorboard_folder_is_made_again(tmp_path):
    config = tiny.points()
    expected = train(config, tmp_path / "whole")
    train(tiny.points(images=40), tmp_path / "run")
    shutil.rmtree(tmp_path / "run/tensorboard")
    assert tiny.same_numbers(expected, train(config, tmp_path / "run"))
    assert list((tmp_path / "run/tensorboard").iterdir())


def test_a_tensorboard_folder_that_cannot_be_written_is_told_once(tmp_path):
    workdir = tmp_path / "run"
    whole = train(tiny.points(), tmp_path / "whole")
    workdir.mkdir()
    with Workdir(workdir).lock():  # makes a run of it, so that the file is not somebody else's
        train_config = (tmp_path / "whole/config.json").read_bytes()
        (workdir / "config.json").write_bytes(train_config)
    (workdir / "tensorboard").write_text("a file in its place")
    with pytest.warns(UserWarning, match="goes on without TensorBoard") as told:
        model = train(tiny.points(), workdir)
    assert len([w for w in told if "TensorBoard" in str(w.message)]) == 1
    assert tiny.same_numbers(whole, model)
    assert tiny.written(workdir) == tiny.written(tmp_path / "whole")


def test_a_tensorboard_folder_that_goes_during_the_run_costs_nothing(tmp_path):
    from tfgan_suite.runs.tensorboard import TensorBoard

    board = TensorBoard(tmp_path / "board")
    board.write_scalars(1, {"loss": 1.0})
    shutil.rmtree(tmp_path / "board")
    board.write_scalars(2, {"loss": 2.0})
    assert list((tmp_path / "board").iterdir())
    shutil.rmtree(tmp_path / "board")
    (tmp_path / "board").write_text("a file in its place")
    with pytest.warns(UserWarning, match="goes on without TensorBoard"):
        board.write_scalars(3, {"loss": 3.0})
    board.write_scalars(4, {"loss": 4.0})
    board.close()
