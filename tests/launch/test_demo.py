"""The demo, as `make demo` runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def test_what_the_demo_measures():
    from launch import demo

    _, columns = demo.measure(lambda images, direction: images, 32, 0)
    truth = {"a_to_b": columns[2], "b_to_a": columns[5]}
    noise = np.random.default_rng(0).normal(0, 0.03, columns[0].shape)
    translators = {
        "truth": lambda images, direction: truth[direction],
        "noisy": lambda images, direction: truth[direction] + noise,
        "nothing": lambda images, direction: images,
        "grey": lambda images, direction: images * 0 + truth[direction].mean(-1, keepdims=True),
    }
    reports = {name: demo.measure(f, 32, 0)[0] for name, f in translators.items()}
    clean = {name: list(report["clean_images"].values()) for name, report in reports.items()}
    assert max(clean.pop("grey")) < 8  # some shapes are nearly grey
    assert clean == {"truth": [64, 64], "noisy": [64, 64], "nothing": [0, 0]}
    assert reports["noisy"]["right_images"] == {"a_to_b": 64, "b_to_a": 64}
    for direction in ("a_to_b", "b_to_a"):
        assert np.isinf(reports["truth"]["psnr_translated"][direction])
        assert 35 < reports["noisy"]["psnr_translated"][direction] < 37.5
        nothing = reports["nothing"]
        assert nothing["psnr_translated"] == nothing["psnr_untranslated"]


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
        clean, right = (report[f"{name}_images"][direction] for name in ("clean", "right"))
        assert 0 <= clean <= right <= report["heldout_images"]
    assert Path(report["servable"], "saved_model.pb").is_file()
    assert (tmp_path / "demo/before_after.png").is_file()
