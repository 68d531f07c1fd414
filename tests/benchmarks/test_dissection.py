"""What the benchmark of dissection measures."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tfgan_suite import results

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_seconds_and_memory_become_lines(tmp_path):
    file = tmp_path / "results.jsonl"
    words = ["--num=20", "--num_for_thresholds=20", f"--append={file}"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.dissection", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    seconds, processor, memory = results.read(file)
    assert seconds.setting == {"layer": "relu_8", "units": 256, "images": 20}
    assert seconds.value > 0 and processor.value > 0 and 100 < memory.value < 2000
    assert json.loads(done.stdout)["dissect_64x64"] == seconds.shown()
