import json
import os
import shutil
import signal

import pytest
import tiny
from injections import cut, flip_bit, remove, run

from tfgan_suite.errors import RunFailure
from tfgan_suite.runs import train


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A finished run, its model and what it wrote."""
    folder = tmp_path_factory.mktemp("damage") / "run"
    model = train(tiny.points(), folder)
    return folder, model, tiny.written(folder)


@pytest.fixture
def damaged(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / "run")
    return tmp_path / "run"


def spoil_extra(manifest):
    """A digit in the means of the log interval: still JSON, and another number."""
    content = json.loads(manifest.read_text())
    content["extra"]["means"]["count"] += 1
    manifest.write_text(json.dumps(content, indent=1))


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("variables.data-00000-of-00001", cut),
        pytest.param("variables.data-00000-of-00001", flip_bit, marks=pytest.mark.faults),
        pytest.param("variables.index", remove, marks=pytest.mark.faults),
        pytest.param("manifest.json", cut, marks=pytest.mark.faults),
        ("manifest.json", spoil_extra),
    ],
)
def test_a_damaged_checkpoint_is_told_and_the_run_is_the_same(whole, damaged, name, damage):
    damage(damaged / "checkpoints/000000000080" / name)
    with pytest.warns(UserWarning, match="000000000080 is damaged.*Trying the one before"):
        model = train(tiny.points(), damaged)
    assert tiny.written(damaged) == whole[2]
    assert tiny.same_numbers(whole[1], model)


def test_a_checkpoint_that_is_gone_is_made_again(whole, damaged, capsys):
    shutil.rmtree(damaged / "checkpoints/000000000080")
    assert tiny.same_numbers(whole[1], train(tiny.points(), damaged))
    assert "at 40 images" in capsys.readouterr().err


def test_lost_checkpoints_are_no_reason_to_begin_again(whole, damaged):
    """Not even when none is left that could be found damaged."""
    for missing in (lambda: [shutil.rmtree(p) for p in (damaged / "checkpoints").iterdir()], list):
        missing()
        with pytest.raises(RunFailure, match="72 images and the first checkpoint came before 48"):
            train(tiny.points(), damaged)
        assert tiny.written(damaged) == whole[2]


def test_a_run_of_several_batches_a_step_killed_before_its_first_checkpoint(tmp_path):
    """A step is longer than a batch, and so may be what is logged before the first checkpoint."""
    config = tiny.points(images=96, log_every=8, checkpoint_every=8)
    config.model.critic_steps = 3
    first, folder = train(config, tmp_path), tmp_path / "checkpoints"
    whole, metrics = tiny.written(tmp_path), tmp_path / "metrics.jsonl"
    shutil.rmtree(folder)
    metrics.write_text(metrics.read_text().splitlines(keepends=True)[0])  # of 24 images
    assert tiny.same_numbers(first, train(config, tmp_path))
    assert tiny.written(tmp_path) == whole
    shutil.rmtree(folder)
    with pytest.raises(RunFailure, match="96 images and the first checkpoint came before 32"):
        train(config, tmp_path)


def test_a_run_killed_before_its_first_checkpoint_begins_again(whole, damaged):
    shutil.rmtree(damaged / "checkpoints")
    metrics = damaged / "metrics.jsonl"
    metrics.write_text(metrics.read_text().splitlines(keepends=True)[0])
    assert tiny.same_numbers(whole[1], train(tiny.points(), damaged))
    assert tiny.written(damaged) == whole[2]


def test_lines_that_are_none_go_and_all_others_stay(whole, damaged):
    metrics = damaged / "metrics.jsonl"
    first, second, third = metrics.read_text().splitlines()
    metrics.write_text(f"{first[:20]}\n{second}\n{third}")  # as if the last newline was not written
    train(tiny.points(images=96), damaged)
    lines = metrics.read_text().splitlines()
    assert lines[:2] == [second, third] and json.loads(lines[2])["images"] == 96


@pytest.fixture
def in_time():
    """Ends what waits for ever."""

    def stop(number, frame):
        raise TimeoutError("it waits")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    "name", ["config.json", "metrics.jsonl", "speed.jsonl", "rollbacks.jsonl", "checkpoints"]
)
def test_nobody_waits_for_a_pipe_in_the_place_of_a_file(damaged, name, in_time):
    path = damaged / name
    if name == "checkpoints":
        path = path / "000000000080/manifest.json"
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    if name == "checkpoints":
        with pytest.warns(UserWarning, match="000000000080 is damaged.*not a regular file"):
            train(tiny.points(), damaged)
        return
    with pytest.raises(RunFailure, match=f"{path.name}.*not a regular file"):
        train(tiny.points(images=96), damaged)


def test_a_damaged_config_is_named(damaged):
    cut(damaged / "config.json")
    with pytest.raises(RunFailure, match=r"config\.json is damaged.*Put back a copy"):
        train(tiny.points(), damaged)


@pytest.mark.faults
def test_the_program_tells_on_stderr(damaged):
    arguments = ("--config=tests/faults/points_config.py", f"--workdir={damaged}")
    older, newest = sorted((damaged / "checkpoints").iterdir())
    flip_bit(newest / "variables.index")
    code, output = run("launch.train", *arguments)
    assert code == 0 and f"warning: Checkpoint {newest} is damaged" in output, output
    assert "at 40 images" in output
    for folder in (older, newest):
        flip_bit(folder / "variables.index")
    code, output = run("launch.train", *arguments)
    assert code == 1 and f"warning: Checkpoint {older} is damaged" in output, output
    assert "error: None of the checkpoints" in output
