"""Animated GIF files that a graph makes, read by Pillow."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageSequence

from tfgan_suite.errors import UserInputError
from tfgan_suite.signatures import encode_gif


def read(data):
    with Image.open(io.BytesIO(data)) as film:
        frames = [
            np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(film)
        ]
        return np.stack(frames), dict(film.info)


def levels(clips):
    return np.rint((np.clip(clips, -1, 1) + 1) * 127.5).astype(int)


# 13 x 19 is one code more than a run holds, 1 x 1 the smallest, 40 x 30 several parts of data.
@pytest.mark.parametrize(
    ("frames", "height", "width"), [(1, 1, 1), (3, 13, 19), (2, 13, 20), (9, 40, 30)]
)
def test_grey_is_exact(frames, height, width):
    clips = np.random.default_rng(0).uniform(-1.2, 1.2, (2, frames, height, width, 1))
    files = encode_gif(tf.constant(clips, tf.float32)).numpy()
    for clip, data in zip(clips, files, strict=True):
        found, info = read(data)
        assert (info["loop"], info["duration"]) == (0, 150)
        np.testing.assert_array_equal(found, np.repeat(levels(clip), 3, axis=-1))
        assert np.array_equal(tf.io.decode_gif(data), found)  # by giflib


def test_colours_are_dithered_around_the_truth():
    """Each pixel is at the level below or above the truth, and 8 x 8 of them at the truth."""
    colour = np.array([-0.7, 0.13, 0.6], np.float32)
    clip = np.broadcast_to(colour, (1, 2, 32, 32, 3))
    found, _ = read(encode_gif(tf.constant(clip)).numpy()[0])
    steps = 255 / (np.array([6, 7, 6]) - 1)
    assert (np.abs(found - levels(colour)) <= steps + 1).all()
    blocks = found.reshape(2, 4, 8, 4, 8, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(blocks, np.broadcast_to(levels(colour), blocks.shape), atol=2)
    np.testing.assert_array_equal(found[0], found[1])
    for value in (-1.0, 1.0):
        found, _ = read(encode_gif(tf.fill([1, 1, 8, 8, 3], value)).numpy()[0])
        assert (found == levels(value)).all()


def test_size_and_time_are_known_and_no_clips_give_no_files():
    clip = tf.random.stateless_uniform([1, 4, 16, 16, 1], [0, 0], -1, 1)
    (one,), (other,) = encode_gif(clip).numpy(), encode_gif(tf.zeros_like(clip)).numpy()
    pixels = 4 * 16 * 16 * 9 / 8
    assert pixels < len(one) == len(other) < 2 * pixels + 1000  # with a palette of 768 bytes
    assert read(encode_gif(clip, milliseconds=40).numpy()[0])[1]["duration"] == 40
    assert encode_gif(clip[:0]).shape == (0,)


def test_other_channels_are_refused():
    with pytest.raises(UserInputError, match="1 or 3 channels"):
        encode_gif(tf.zeros([1, 2, 8, 8, 4]))
