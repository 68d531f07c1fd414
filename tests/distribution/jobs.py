"""Short runs with two workers, to be disturbed by a test."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Each worker writes its process number beside the config.
CONFIG = f"""
import json
import os
import runpy
from pathlib import Path

if "TF_CONFIG" in os.environ:
    index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
    Path(__file__).with_name(f"process.{{index}}").write_text(str(os.getpid()))


def get_config():
    config = runpy.run_path({str(ROOT / "tests/faults/points_config.py")!r})["get_config"]()
    config.update(dict(images=8_000, log_every=1_000, sample_every=4_000, checkpoint_every=1_000))
    return config
"""


def arguments(folder, workdir, *more):
    """Writes the config into `folder` and returns the command line of `launch.train`."""
    config = folder / "config.py"
    config.write_text(CONFIG)
    return [f"--config={config}", f"--workdir={workdir}", *more]


def start(program, *arguments, **environment):
    """Starts a program of `launch/`; both of its outputs come through one pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", f"launch.{program}", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(job, timeout=400):
    """Waits for a started program; returns its exit code and what it printed."""
    try:
        output, _ = job.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        job.terminate()  # which it hands on
        raise
    print(output)
    return job.returncode, output


def wait_for(file, job):
    """Waits until there is this file; fails if the job ends first."""
    while not file.exists():
        assert job.poll() is None, job.stdout.read()
        time.sleep(0.005)


def process_of(folder, index):
    """The process number of a worker whose config lies in `folder`."""
    return int((folder / f"process.{index}").read_text())


def results(workdir):
    """What every undisturbed run of the same config gives to the last bit."""
    newest = max((workdir / "checkpoints").iterdir())
    files = [workdir / "metrics.jsonl", *newest.iterdir(), *(workdir / "samples").iterdir()]
    return {str(file.relative_to(workdir)): file.read_bytes() for file in files}
