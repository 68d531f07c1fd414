"""Jobs of two local workers: lost, stuck and stopped workers, and what each of them writes."""

import json
import os
import signal
import time

import jobs
import pytest

from tfgan_suite.cluster.local_workers import free_ports
from tfgan_suite.cluster.tf_config import describe

TWO = "--num_workers=2"
TIMEOUT, GRACE, SLACK = 30, 5, 25  # seconds; the last for a busy machine


@pytest.fixture(scope="session")
def undisturbed(once):
    """The results of a run of two workers whom nobody disturbed."""

    def make(folder):
        job = jobs.start("workers", TWO, "--", *jobs.arguments(folder, folder / "run"))
        assert jobs.finish(job)[0] == 0

    return jobs.results(once("undisturbed", make) / "run")


def start(folder, *more):
    options = [TWO, f"--grace={GRACE}", "--"]
    return jobs.start("workers", *options, *jobs.arguments(folder, folder / "run", *more))


def interrupt(folder, index, number):
    """Starts a job, sends a signal to one worker in mid-run; returns how and when the job ends."""
    job = start(folder, f"--collective_timeout={TIMEOUT}")
    jobs.wait_for(folder / "run/checkpoints/000000002000", job)
    os.kill(jobs.process_of(folder, index), number)
    began = time.monotonic()
    code, output = jobs.finish(job)
    assert not (folder / "run/checkpoints/000000008000").exists()
    return code, output, time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize("index", [0, 1])
def test_a_killed_worker_ends_the_job_and_the_next_start_goes_on_exactly(
    index, tmp_path, undisturbed
):
    code, output, seconds = interrupt(tmp_path, index, signal.SIGKILL)
    assert code == 1 and "SIGKILL" in output and "A worker of this job is gone" in output
    assert seconds < TIMEOUT + GRACE + SLACK
    code, output = jobs.finish(start(tmp_path))
    assert code == 0 and "Resuming" in output
    assert jobs.results(tmp_path / "run") == undisturbed


@pytest.mark.slow
def test_a_worker_that_hangs_is_an_error_in_time(tmp_path):
    code, output, seconds = interrupt(tmp_path, 1, signal.SIGSTOP)
    assert code == 1 and f"did not answer for {TIMEOUT} s" in output
    assert seconds < TIMEOUT + GRACE + SLACK


def test_a_worker_that_never_comes_is_an_error_in_time(tmp_path):
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    options = ["--strategy=multi_worker", "--collective_timeout=5"]
    alone = jobs.start(
        "train",
        *options,
        *jobs.arguments(tmp_path, tmp_path / "run"),
        TF_CONFIG=describe(addresses, 0),
    )
    code, output = jobs.finish(alone)
    assert code == 1 and "at most 5 s (--collective_timeout)" in output and "Timeout" in output
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("index", [0, 1])
def test_a_signal_to_one_worker_stops_all_after_the_same_step(index, tmp_path, undisturbed):
    code, output, _ = interrupt(tmp_path, index, signal.SIGTERM)
    assert code == 143
    told = [line for line in output.splitlines() if "SIGTERM: saved at" in line]
    assert len(told) == 2 and len({line.partition("]")[2] for line in told}) == 1
    code, output = jobs.finish(start(tmp_path))
    assert code == 0 and "Resuming" in output
    assert jobs.results(tmp_path / "run") == undisturbed


@pytest.mark.slow
def test_only_the_chief_writes(tmp_path, undisturbed):
    """Each worker is given a folder of its own: only the chief's comes into being."""
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    started = [
        jobs.start(
            "train",
            "--strategy=multi_worker",
            *jobs.arguments(tmp_path, tmp_path / f"run{index}"),
            TF_CONFIG=describe(addresses, index),
        )
        for index in range(2)
    ]
    assert [jobs.finish(job)[0] for job in started] == [0, 0]
    assert not (tmp_path / "run1").exists()
    assert json.loads(jobs.results(tmp_path / "run0")["metrics.jsonl"].splitlines()[-1])


def test_a_wrong_tf_config_is_wrong_usage(tmp_path):
    for text in ("{", '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}'):
        arguments = jobs.arguments(tmp_path, tmp_path / "run", "--strategy=multi_worker")
        (tmp_path / "config.py").write_text(jobs.CONFIG.replace('if "TF_CONFIG"', 'if "NO"'))
        code, output = jobs.finish(jobs.start("train", *arguments, TF_CONFIG=text))
        assert code == 2 and f"TF_CONFIG='{text}'" in output and "Expected {" in output
    assert not (tmp_path / "run").exists()
