"""Runs of a model whose drawings move."""

import numpy as np
import pytest
import tensorflow as tf
import tiny
from PIL import Image

from tfgan_suite import models, runs
from tfgan_suite.drawing import Clips
from tfgan_suite.errors import UserInputError


class Moving(models.GAN):
    """A GAN of points that draws clips."""

    def draw(self, num, seed=0, examples=None):
        return Clips(np.random.default_rng(seed).uniform(-1, 1, (num, 3, 16, 16, 3)), columns=2)


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    config = tiny.points(batch_size=4, images=8, sample_every=4, num_samples=4)
    config.model.name = f"{__name__}:Moving"
    folder = tmp_path_factory.mktemp("clips") / "run"
    runs.train(config, folder)
    return folder


def test_clips_are_drawn_as_strips_and_play(workdir):
    for images in (0, 4, 8):
        strip = Image.open(workdir / f"samples/{images:012d}.png")
        film = Image.open(workdir / f"samples/{images:012d}.gif")
        assert strip.height == film.height and strip.width > 2.8 * film.width
        assert film.n_frames == 3


def test_tensorboard_plays_them(workdir):
    (file,) = (workdir / "tensorboard").glob("events*")
    films = [
        value
        for record in tf.data.TFRecordDataset(str(file))
        for value in tf.compat.v1.Event.FromString(record.numpy()).summary.value
        if value.tag == "films"
    ]
    assert len(films) == 3
    for film in films:
        assert film.metadata.plugin_data.plugin_name == "images"
        width, height, encoded = tf.make_ndarray(film.tensor)
        assert encoded[:3] == b"GIF" and (width, height) == (b"134", b"134")


def test_samples_become_a_file_that_plays(workdir, tmp_path):
    runs.sample(workdir, tmp_path / "clips.gif", num=2)
    assert Image.open(tmp_path / "clips.gif").n_frames == 3
    with pytest.raises(UserInputError, match=r"\.jpg must end in \.png, or \.gif"):
        runs.sample(workdir, tmp_path / "clips.jpg", num=2)


def test_what_comes_after_a_checkpoint_is_removed(workdir):
    folder = runs.Workdir(workdir)
    (workdir / "samples/000000000012.gif").write_bytes(b"")
    folder.cut_back(8, 0)
    assert len(list((workdir / "samples").iterdir())) == 6
