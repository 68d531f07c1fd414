"""The files for Kubernetes and Slurm, without a cluster of either kind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from kubeflow_trainer_api.models.jobset_v1alpha2_job_set import JobsetV1alpha2JobSet

from tfgan_suite.cluster import tf_config
from tfgan_suite.errors import UserInputError

ROOT = Path(__file__).parents[2]
JOBSET = ROOT / "launch/cluster/jobset.yaml"
SBATCH = ROOT / "launch/cluster/slurm.sbatch"
CONFIG = ROOT / "launch/configs/gan_ring.py"


@pytest.fixture
def jobset():
    return yaml.safe_load(JOBSET.read_text())


def job_of(jobset):
    (workers,) = jobset["spec"]["replicatedJobs"]
    return workers["template"]["spec"]


def container_of(jobset):
    (container,) = job_of(jobset)["template"]["spec"]["containers"]
    return container


def as_the_schema_reads(manifest):
    """Unknown fields are lost on the way, wrong types are refused."""
    return JobsetV1alpha2JobSet.from_dict(manifest).to_dict()


def test_the_jobset_has_the_fields_and_types_of_the_published_schema(jobset):
    assert as_the_schema_reads(jobset) == jobset


def test_a_jobset_with_a_misspelt_field_or_a_wrong_type_is_noticed(jobset):
    job_of(jobset)["template"]["spec"]["terminationGracePeriod"] = 120
    assert as_the_schema_reads(jobset) != jobset
    jobset["spec"]["failurePolicy"]["maxRestarts"] = "twenty"
    with pytest.raises(ValueError, match="maxRestarts"):
        as_the_schema_reads(jobset)


def test_the_pods_of_the_jobset_find_each_other(jobset, monkeypatch):
    job, container = job_of(jobset), container_of(jobset)
    for variable in container["env"]:
        monkeypatch.setenv(variable["name"], variable["value"])
    name, network = jobset["metadata"]["name"], jobset["spec"]["network"]
    (workers,) = jobset["spec"]["replicatedJobs"]
    (port,) = container["ports"]
    assert job["completionMode"] == "Indexed" and job["completions"] == job["parallelism"]
    for index in range(job["completions"]):
        monkeypatch.setenv("JOB_COMPLETION_INDEX", str(index))
        found = json.loads(tf_config.find())
        assert found["task"] == {"type": "worker", "index": index}
        # The host names that JobSet documents, and Kubernetes for Indexed Jobs.
        assert found["cluster"]["worker"] == [
            f"{name}-{workers['name']}-0-{i}.{network['subdomain']}:{port['containerPort']}"
            for i in range(job["completions"])
        ]


def test_the_command_of_the_jobset_is_one_of_ours(jobset):
    assert container_of(jobset)["image"] == "${IMAGE}"
    python, *command = container_of(jobset)["command"]
    assert python == "python"
    # The flags and the config file are read before this mistake is found; nothing is trained.
    run = [sys.executable, *command, "--config.mistake=1"]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and "no config key 'mistake'" in done.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {"JOB_COMPLETION_INDEX": "2"},
        {"TFGAN_NUM_WORKERS": "two"},
        {"TFGAN_WORKER_ADDRESS": "gan-worker-0-0.gan:2222"},
    ],
)
def test_variables_that_describe_no_worker_are_told(variables, monkeypatch):
    sound = {
        "JOB_COMPLETION_INDEX": "1",
        "TFGAN_NUM_WORKERS": "2",
        "TFGAN_WORKER_ADDRESS": "gan-worker-0-{index}.gan:2222",
    }
    for name, value in {**sound, **variables}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserInputError, match=next(iter(variables.values()))):
        tf_config.find()


def slurm_variables(nodes, tasks_per_node, tasks, node, local, rank):
    return {
        "SLURM_JOB_ID": "4711",
        "SLURM_STEP_NODELIST": nodes,
        "SLURM_STEP_TASKS_PER_NODE": tasks_per_node,
        "SLURM_STEP_NUM_TASKS": tasks,
        "SLURMD_NODENAME": node,
        "SLURM_LOCALID": local,
        "SLURM_PROCID": rank,
    }


def test_slurm_nodes_find_each_other_whatever_their_order(monkeypatch):
    """Twelve nodes without leading zeros: by name, n10 comes before n2."""
    found = []
    for rank in range(12):
        variables = slurm_variables("n[1-12]", "1(x12)", "12", f"n{rank + 1}", "0", str(rank))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        config = json.loads(tf_config.find())
        addresses = config["cluster"]["worker"]
        assert addresses[config["task"]["index"]].startswith(f"n{rank + 1}:")
        found.append((config["task"]["index"], tuple(addresses)))
    assert len({index for index, _ in found}) == 12
    assert len({addresses for _, addresses in found}) == 1


def test_a_slurm_batch_script_without_srun_is_told(monkeypatch):
    monkeypatch.setenv("SLURM_PROCID", "0")
    monkeypatch.delenv("SLURM_STEP_NUM_TASKS", raising=False)
    with pytest.raises(UserInputError, match="srun"):
        tf_config.find()


# What Slurm's programs do, as far as the script needs them, on this machine alone.
STAND_INS = {
    "srun": """
while [[ $1 == --* ]]; do shift; done
export SLURM_STEP_NODELIST=localhost SLURM_STEP_TASKS_PER_NODE=2 SLURM_STEP_NUM_TASKS=2
export SLURMD_NODENAME=localhost
for task in 0 1; do
  SLURM_PROCID=$task SLURM_LOCALID=$task "$@" &
  echo $! >> "$FOLDER/workers"
done
worst=0
for process in $(cat "$FOLDER/workers"); do
  wait "$process"; code=$?
  (( code > worst )) && worst=$code
done
exit $worst
""",
    "scancel": '[[ $1 == --signal=TERM && $2 == $SLURM_JOB_ID ]] && kill $(cat "$FOLDER/workers")',
    "scontrol": 'echo "$@" >> "$FOLDER/requeued"',
}


def start_batch(folder, *arguments):
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    for name, text in STAND_INS.items():
        program = programs / name
        program.write_text(f"#!/bin/bash\n{text}\n")
        program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "FOLDER": str(folder),
        "PYTHON": sys.executable,
        "SLURM_JOB_ID": str(free_job()),
    }
    return subprocess.Popen(
        ["bash", str(SBATCH), f"--config={CONFIG}", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def free_job():
    """A job number whose two ports are free here."""
    for number in range(os.getpid(), os.getpid() + 1_000):
        try:
            for task in range(2):
                with socket.socket() as one:
                    one.bind(("localhost", 10_000 + 16 * (number % 1_250) + task))
        except OSError:
            continue
        return number
    raise AssertionError("no free ports")


@pytest.mark.slow
def test_the_slurm_script_stops_before_its_time_is_over_and_goes_on(tmp_path):
    subprocess.run(["bash", "-n", SBATCH], check=True)
    workdir = tmp_path / "run"
    arguments = [f"--workdir={workdir}", "--config.images=512_000", "--config.log_every=25_600"]
    job = start_batch(tmp_path, *arguments)
    while not (workdir / "metrics.jsonl").exists():
        assert job.poll() is None, job.communicate()[0]
        time.sleep(0.05)
    job.send_signal(signal.SIGUSR1)
    output, _ = job.communicate(timeout=120)
    assert job.returncode == 143 and "SIGTERM: saved at" in output, output
    assert (tmp_path / "requeued").read_text().startswith("requeue ")
    assert json.loads((workdir / "config.json").read_text())["machine"]["replicas"] == 2

    (tmp_path / "workers").unlink()
    (tmp_path / "requeued").unlink()
    job = start_batch(tmp_path, *arguments)
    output, _ = job.communicate(timeout=200)
    assert job.returncode == 0 and "Resuming" in output, output
    assert not (tmp_path / "requeued").exists()
    images = [json.loads(x)["images"] for x in (workdir / "metrics.jsonl").read_text().splitlines()]
    assert images == list(range(25_600, 512_001, 25_600))


def commands_in_the_page():
    lines = (ROOT / "docs/cluster.md").read_text().splitlines()
    return [line.split()[2:] for line in lines if line.startswith("python -m launch.")]


@pytest.mark.parametrize("module", ["launch.train", "launch.workers", "launch.ray_train"])
def test_the_commands_in_the_page_are_right(module):
    commands = [words for words in commands_in_the_page() if words[0] == module]
    assert commands
    described = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    for _, *arguments in commands:
        own = arguments[: arguments.index("--")] if "--" in arguments else arguments
        for flag in own:
            assert f"\n  {flag.partition('=')[0]}=" in described, flag
        training = arguments[len(own) + 1 :] or own
        run = [sys.executable, "-m", "launch.train", *training, "--config.mistake=1"]
        done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 2 and "no config key 'mistake'" in done.stderr
