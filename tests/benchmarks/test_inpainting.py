"""The context encoder on scenes, trained: holes filled with and without the adversary."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import hole_figures
from tfgan_suite import data, runs

CONFIG = Path(__file__).parents[2] / "launch/configs/context_encoder_shapes.py"
NUM = 500


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_light_adversary_brings_gradients_nearer_to_the_truths(tmp_path):
    filled = {}
    for weight in ("0.0001", "0"):
        config = runs.load_config(f"{CONFIG}:{weight}")
        model = runs.train(config, tmp_path / weight)
        spec = model.batch_spec()
        truth = data.heldout_batch(config.data.to_dict(), spec, NUM, 0)["image"]
        holes = np.repeat(model.hole()[None, ..., 0], NUM, axis=0)
        given = model.with_hole(truth, holes[..., None]).numpy()
        filled[weight] = hole_figures.figures(model.inpaint(given), truth, holes)
        mean = hole_figures.figures(hole_figures.mean_of_border(given, holes), truth, holes)
        assert 3 * filled[weight]["hole_l1"].mean() < mean["hole_l1"].mean()
    real = hole_figures.sharpness(truth, holes).mean()
    apart = {weight: abs(found["hole_sharpness"].mean() - real) for weight, found in filled.items()}
    assert apart["0.0001"] < 0.5 * apart["0"]
