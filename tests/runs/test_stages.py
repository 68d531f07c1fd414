"""A run in stages: batch sizes, and a kill in the middle of a fade."""

import json

import games
import numpy as np
import pytest
import tensorflow as tf
import tiny

from tfgan_suite import models
from tfgan_suite.runs import default_config, train
from tfgan_suite.runs.training import segments


def config(images=72):
    config = default_config()
    config.model = {"name": "games:Staged"}
    config.data = {"source": "gaussians"}
    config.batch_size = 8
    config.checkpoint_every = config.log_every = 12
    config.jit_compile = False
    config.images = images
    return config


def images_of(workdir):
    return [json.loads(line)["images"] for line in (workdir / "metrics.jsonl").open()]


def test_each_stage_has_its_batch_size(tmp_path):
    model = models.build({"name": "games:Staged"})
    found = list(segments(config(), model))
    # 16 images by 8, 20 by 4, the rest by 8.
    assert [(s.batch_size, s.steps) for s in found] == [(8, 2), (4, 5), (8, 5)]
    trained = train(config(), tmp_path / "run")
    assert int(trained.step.numpy()) == 12
    assert int(trained.images_seen.numpy()) == 76
    assert images_of(tmp_path / "run") == [16, 24, 36, 52, 60, 76]


@pytest.mark.parametrize(
    "images", [12, 28, *(pytest.param(n, marks=pytest.mark.slow) for n in (32, 36))]
)
def test_a_run_stopped_in_any_stage_goes_on_to_the_last_bit(images, tmp_path):
    whole = train(config(), tmp_path / "whole")
    train(config(images=images), tmp_path / "parts")
    resumed = train(config(), tmp_path / "parts")
    assert tiny.same_numbers(whole, resumed)
    last = json.loads((tmp_path / "whole/metrics.jsonl").read_text().splitlines()[-1])
    assert last == json.loads((tmp_path / "parts/metrics.jsonl").read_text().splitlines()[-1])


def test_data_goes_on_where_batches_of_another_size_stopped(tmp_path, monkeypatch):
    seen = []
    step = games.Staged.train_step

    def train_step(self, batch):
        tf.numpy_function(lambda points: seen.append(points), [batch["point"]], [])
        return step(self, batch)

    monkeypatch.setattr(games.Staged, "train_step", train_step)
    train(config(), tmp_path / "run")
    points = np.concatenate(seen)
    assert len(points) == 76
    assert len(np.unique(points, axis=0)) == 76
