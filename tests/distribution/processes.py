"""Starting programs from tests."""

import os
import subprocess
import sys
import time
from pathlib import Path

# What the programs import from beside them.
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(Path(__file__).parents[1] / "training"), os.environ.get("PYTHONPATH", "")]
)
PROGRAM = Path(__file__).with_name("trainings.py")


def run(*command, **options):
    """Runs a program and returns it; its output is shown when the test fails."""
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )
    print(done.stdout)
    return done


def train_here(folder, *arguments):
    done = run(PROGRAM, folder, *arguments)
    assert done.returncode == 0, done.stdout


def has_ended(number):
    """Whether a process that is not our child has ended, collected or not (Linux)."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def seconds_until(happened, at_most):
    """Waits until `happened()` is true; returns the seconds that it took, `at_most` if never."""
    began = time.monotonic()
    while not happened() and time.monotonic() - began < at_most:
        time.sleep(0.02)
    return min(time.monotonic() - began, at_most)
