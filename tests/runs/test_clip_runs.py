"""Runs of a model of clips."""

import pytest
import tensorflow as tf
from PIL import Image

from tfgan_suite import runs
from tfgan_suite.errors import UserInputError


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    config = runs.default_config()
    config.model = {"name": "recyclegan", "preset": "tiny"}
    config.model.update({"cycle_weight": 0.0, "identity_weight": 0.0})
    config.data = {"source": "dots", "size": 16, "num_examples": 4, "num_test": 4}
    config.update({"batch_size": 4, "images": 8, "sample_every": 4, "num_samples": 2})
    config.update({"log_every": 4, "checkpoint_every": 4})
    folder = tmp_path_factory.mktemp("clips") / "run"
    runs.train(config, folder)
    return folder


def test_clips_are_drawn_as_strips_and_play(workdir):
    for images in (0, 4, 8):
        strip = Image.open(workdir / f"samples/{images:012d}.png")
        film = Image.open(workdir / f"samples/{images:012d}.gif")
        assert strip.height == film.height and strip.width > 2.5 * film.width
        assert film.n_frames == 3


def test_tensorboard_plays_them(workdir):
    (file,) = (workdir / "tensorboard").glob("events*")
    films = [
        value
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
        if value.tag == "films"
    ]
    assert len(films) == 3
    for film in films:
        assert film.metadata.plugin_data.plugin_name == "images"
        width, height, encoded = tf.make_ndarray(film.tensor)
        assert encoded[:3] == b"GIF" and int(width) > int(height) > 100


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
