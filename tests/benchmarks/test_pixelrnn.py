"""What the benchmarks of PixelRNN measure."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import pixel_steps
from tfgan_suite import models, results, runs
from tfgan_suite.runs import default_config

ROOT = Path(__file__).parents[2]


def test_both_ways_draw_the_same_images(monkeypatch):
    model = models.build({"name": "pixelrnn", "preset": "tiny", "ema_half_life": None})
    monkeypatch.setattr(pixel_steps, "model_of", lambda kind: model)
    cached = pixel_steps.cached_step("pixelcnn", 3)()
    naive = pixel_steps.naive_step("pixelcnn", 3, 16)()
    np.testing.assert_array_equal(cached, naive.reshape(cached.shape))
    part = pixel_steps.naive_step("pixelcnn", 3, 5)()
    np.testing.assert_array_equal(part[:, :5], naive[:, :5])
    assert not part[:, 5:].any()


@pytest.mark.slow
def test_likelihood_of_a_run(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 4, 4), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", x=images)
    config = default_config()
    config.model = {"name": "pixelrnn", "preset": "tiny"}
    config.data = {"source": f"npz:{tmp_path}/images.npz", "test_last": 8}
    config.batch_size, config.images = 8, 16
    config.checkpoint_every = config.sample_every = config.log_every = 8
    runs.train(config, tmp_path / "run")
    program = [sys.executable, "-m", "benchmarks.pixelrnn_likelihood"]
    flags = [f"--workdir={tmp_path}/run", f"--append={tmp_path}/results.jsonl"]
    done = subprocess.run([*program, *flags], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "bits per dimension" in done.stdout
    lines = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert [line["table"] for line in lines] == ["curve", "curve", "likelihood"]
    assert {line["metric"] for line in lines} == {"nats_stochastic_heldout8"}
    assert lines[-1]["value"] == lines[-2]["value"] == pytest.approx(16 * np.log(2), rel=0.3)
    assert len(results.read(tmp_path / "results.jsonl")) == 3
