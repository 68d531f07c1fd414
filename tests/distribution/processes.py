"""Starting programs from tests."""

import subprocess
import sys
from pathlib import Path

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


def train_here(folder, what, strategy, *devices):
    done = run(PROGRAM, folder, what, strategy, *devices)
    assert done.returncode == 0, done.stdout
