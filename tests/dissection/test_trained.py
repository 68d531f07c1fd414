"""A small DCGAN that is trained here has units for colours, and these cause them."""

import numpy as np
import pytest

from tfgan_suite import models, runs
from tfgan_suite.dissection import dissect, interventions, segmenter_of, subject_of_run


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_units_of_a_colour_matter_more_than_random_ones(tmp_path, seed):
    config = runs.default_config()
    config.model = {
        "name": "dcgan",
        "image_size": 16,
        "channels": 3,
        "filters": 32,
        "kernel_size": 4,
        "latent_size": 32,
        "ema_half_life": 1_000.0,
    }
    config.data = {"source": "shapes", "size": 16, "num_examples": 8_000, "objects": 3}
    config.update({"batch_size": 64, "images": 32_000, "seed": seed, "checkpoint_every": 32_000})
    model = runs.train(config, tmp_path / "run")
    assert isinstance(model, models.DCGAN)
    subject = subject_of_run(config, model, "relu_8", segmenter_of("shapes"))
    found = dissect(subject, num=500, num_for_thresholds=500)
    colours = [i for i, name in enumerate(found.concepts) if found.concept_shares[i] > 0.002]
    colours = [i for i in colours if found.concepts[i] not in ("background", "no known colour")]
    best = max(colours, key=lambda index: found.iou[:, index].max())
    assert found.iou[:, best].max() > 0.2
    numbers = np.arange(2_000, 2_200)
    tenth = max(subject.opened.num_units // 10, 1)
    before, after = (
        interventions.shares_shown(subject, units, numbers)[best]
        for units in ([], found.ranked(found.concepts[best])[:tenth])
    )
    rng = np.random.default_rng(seed)
    random = np.mean(
        [
            interventions.shares_shown(
                subject, rng.permutation(subject.opened.num_units)[:tenth], numbers
            )[best]
            for _ in range(5)
        ]
    )
    assert before - after > before - random
