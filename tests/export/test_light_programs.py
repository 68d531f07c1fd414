"""Programs that talk to servers, or check what was published, start without TensorFlow."""

import subprocess
import sys
from pathlib import Path

import pytest

_IMPORT = """
import runpy, sys
runpy.run_module(sys.argv[1])
loaded = {"tensorflow", "keras"} & set(sys.modules)
if loaded:
    sys.exit(f"{loaded} got imported")
"""


@pytest.mark.parametrize("program", ["client", "deploy.__main__", "verify"])
def test_it_starts_without_tensorflow(program):
    process = subprocess.run(
        [sys.executable, "-c", _IMPORT, f"export.{program}"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
