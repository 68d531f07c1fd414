"""Of several workers the chief holds the workdir."""

import pytest
from injections import run, start, wait_for

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


def begin(workdir):
    """Starts a job and returns it when it has written a line."""
    process = start("launch.workers", *FLAGS, f"--workdir={workdir}")
    wait_for(process, (workdir / "metrics.jsonl").exists)
    return process


def test_a_second_job_on_the_workdir_is_refused(tmp_path):
    process = begin(tmp_path / "run")
    code, output = run("launch.workers", "--grace=5", *FLAGS, f"--workdir={tmp_path / 'run'}")
    assert code == 2 and "is in use: process" in output, output
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=300)
