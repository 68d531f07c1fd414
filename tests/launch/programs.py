"""Runs the programs as a user does."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Such as "I0000 00:00:1795277838.672934 7622 port.cc:153] oneDNN custom operations are on."
NATIVE = re.compile(r"absl::InitializeLog|^[IWEF]\d{4} |\.cc:\d+\]|cpu_feature_guard|oneDNN", re.M)


def command(program, *arguments, package="launch"):
    return [sys.executable, "-m", f"{package}.{program}", *map(str, arguments)]


def run(program, *arguments, package="launch"):
    """Runs a program as in a new shell; whatever it does, TensorFlow's native lines stay away."""
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        command(program, *arguments, package=package),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert not NATIVE.search(done.stderr), done.stderr
    return done
