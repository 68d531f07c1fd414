"""The demo, as `make demo` runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_demo_beats_doing_nothing_by_far(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "launch.demo", f"--workdir={tmp_path}/demo"],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    report = json.loads(result.stdout.splitlines()[-1])
    assert report["verified"] is True
    assert {"serving_default", "a_to_b", "b_to_a"} <= set(report["signatures"])
    for direction in ("a_to_b", "b_to_a"):
        gain = report["psnr_translated"][direction] - report["psnr_untranslated"][direction]
        assert gain >= 6.0
    assert Path(report["servable"], "saved_model.pb").is_file()
    assert (tmp_path / "demo/before_after.png").is_file()
