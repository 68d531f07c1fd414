"""Of several workers the chief holds the workdir, and none outlives its starter."""

import jobs
import pytest
from injections import kill, run, start, wait_for
from processes import has_ended, seconds_until

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


def test_a_killed_starter_takes_its_workers_along_and_the_same_command_goes_on(tmp_path):
    def job(name):
        (tmp_path / name).mkdir(exist_ok=True)
        arguments = jobs.arguments(
            tmp_path / name,
            tmp_path / name / "run",
            "--config.images=1600",
            "--config.checkpoint_every=200",
            "--config.log_every=200",
            "--config.sample_every=800",
        )
        return jobs.start("workers", "--num_workers=2", "--", *arguments)

    assert jobs.finish(job("whole"))[0] == 0
    killed = job("killed")
    jobs.wait_for(tmp_path / "killed/run/checkpoints/000000000400", killed)
    workers = [jobs.process_of(tmp_path / "killed", index) for index in range(2)]
    assert kill(killed)
    assert seconds_until(lambda: all(map(has_ended, workers)), at_most=60) < 3
    killed.communicate()
    assert not (tmp_path / "killed/run/checkpoints/000000001600").exists()
    code, output = jobs.finish(job("killed"))
    assert code == 0 and "Resuming" in output
    assert jobs.results(tmp_path / "killed/run") == jobs.results(tmp_path / "whole/run")
