"""Ray Train starts the workers, and starts them again when one is killed. `make test-ray`."""

import os
import re
import signal

import jobs
import pytest

pytest.importorskip("ray", reason="the extra `ray` is not installed; `make test-ray` installs it")

pytestmark = pytest.mark.slow
TWO = "--num_workers=2"
LONG = ("--config.images=12_000",)


def parent_of(process):
    with open(f"/proc/{process}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def is_running(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def newest(folder):
    return max((path.name for path in (folder / "run/checkpoints").glob("0*")), default="")


def test_killed_workers_are_started_again_and_the_run_is_the_same(tmp_path):
    """First one of Ray's own workers is killed, then the training process of the other."""
    folders = [tmp_path / "undisturbed", tmp_path / "killed"]
    for folder in folders:
        folder.mkdir()
    undisturbed, killed = folders

    job = jobs.start("workers", TWO, "--", *jobs.arguments(undisturbed, undisturbed / "run", *LONG))
    assert jobs.finish(job)[0] == 0

    job = jobs.start("ray_train", TWO, "--", *jobs.arguments(killed, killed / "run", *LONG))
    jobs.wait_for(killed / "run/checkpoints/000000002000", job)
    first = [jobs.process_of(killed, index) for index in range(2)]
    os.kill(parent_of(first[1]), signal.SIGKILL)
    jobs.wait_for(killed / "run/checkpoints/000000007000", job)
    assert newest(killed) < "000000012000", "killed too late to show anything"
    second = [jobs.process_of(killed, index) for index in range(2)]
    assert not any(map(is_running, first)) and not set(first) & set(second)
    os.kill(second[0], signal.SIGKILL)

    code, output = jobs.finish(job)
    assert code == 0
    assert len(re.findall(r"\[worker 0\] starts on", output)) == 3
    assert len(re.findall(r"\[worker 0\] Resuming", output)) == 2
    assert jobs.results(killed / "run") == jobs.results(undisturbed / "run")


def test_sigterm_saves_and_ends_all_workers(tmp_path):
    job = jobs.start("ray_train", TWO, "--", *jobs.arguments(tmp_path, tmp_path / "run", *LONG))
    jobs.wait_for(tmp_path / "run/checkpoints/000000002000", job)
    workers = [jobs.process_of(tmp_path, index) for index in range(2)]
    job.send_signal(signal.SIGTERM)
    code, output = jobs.finish(job)
    assert code == 143 and len(re.findall("SIGTERM: saved at", output)) == 2
    assert newest(tmp_path) < "000000012000"
    assert not any(map(is_running, workers))


def test_wrong_usage_is_not_tried_again(tmp_path):
    mistake = jobs.arguments(tmp_path, tmp_path / "run", "--config.mistake=1")
    code, output = jobs.finish(jobs.start("ray_train", TWO, "--", *mistake))
    assert code == 2 and "no config key 'mistake'" in output
    assert output.count("[worker 0] starts on") <= 1


def test_an_address_where_no_cluster_answers_is_told(tmp_path):
    arguments = jobs.arguments(tmp_path, tmp_path / "run")
    job = jobs.start("ray_train", "--address=localhost:1", "--", *arguments)
    code, output = jobs.finish(job)
    assert code == 2 and "--address=localhost:1 is no running Ray cluster" in output
