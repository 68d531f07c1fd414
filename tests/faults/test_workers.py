"""Several workers of one job: what happens to one of them happens to the job."""

import os
import re
import signal
from pathlib import Path

import pytest
from injections import content, run, start, wait_for

pytestmark = pytest.mark.faults
FLAGS = [
    "--num_workers=2",
    "--",
    "--config=tests/faults/points_config.py",
    "--config.images=9_600",
    "--config.log_every=400",
    "--config.sample_every=4_800",
    "--config.checkpoint_every=800",
    "--collective_timeout=30",
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What two workers write that nothing happens to."""
    workdir = tmp_path_factory.mktemp("workers") / "whole"
    finish(workdir)
    return content(workdir)


def finish(workdir):
    code, output = run("launch.workers", *FLAGS, f"--workdir={workdir}")
    assert code == 0, output
    return output


def begin(workdir):
    """Starts a job; returns it and the workers' process ids when it has written a line."""
    process = start("launch.workers", *FLAGS, f"--workdir={workdir}")
    wait_for(process, (workdir / "metrics.jsonl").exists)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return process, [int(child) for child in children.split()]


@pytest.mark.parametrize("worker", [0, 1])
def test_a_signal_to_one_worker_stops_all_and_the_job_goes_on(whole, tmp_path, worker):
    process, workers = begin(tmp_path / "run")
    os.kill(workers[worker], signal.SIGTERM)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 128 + signal.SIGTERM, output
    saved = re.findall(r"SIGTERM: saved at ([\d,]+) images", output)
    assert len(saved) == 2 and saved[0] == saved[1], output
    assert f"at {saved[0]} images" in finish(tmp_path / "run")
    assert content(tmp_path / "run") == whole


@pytest.mark.parametrize("worker", [0, 1])
def test_a_killed_worker_ends_the_job_which_then_goes_on(whole, tmp_path, worker):
    process, workers = begin(tmp_path / "run")
    os.kill(workers[worker], signal.SIGKILL)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 128 + signal.SIGKILL, output
    finish(tmp_path / "run")
    assert content(tmp_path / "run") == whole


def test_a_second_job_on_the_workdir_is_refused(tmp_path):
    process, _ = begin(tmp_path / "run")
    code, output = run("launch.workers", "--grace=5", *FLAGS, f"--workdir={tmp_path / 'run'}")
    assert code == 2 and "is in use: process" in output, output
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=300)
