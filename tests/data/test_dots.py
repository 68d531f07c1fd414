"""A dot and a square on a circle."""

import numpy as np
import pytest

from benchmarks.retargeting_figures import centroids
from tfgan_suite.data import dots, heldout_pairs, open_source
from tfgan_suite.data.opening import open_sources
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Clip, Image

CONFIG = {"source": "dots", "num_examples": 6, "num_test": 4, "num_frames": 5}


def as_floats(images):
    return images.astype(np.float32) / 127.5 - 1


@pytest.mark.parametrize("style", dots.STYLES)
def test_shapes_are_where_their_places_say(style):
    clips, times = np.divmod(np.arange(60), 12)
    centres = dots.places(clips, times, 32, key=3)
    found = centroids(as_floats(dots.draw(centres, style, 32)))
    np.testing.assert_allclose(found, centres, atol=0.15)
    from_middle = centres - 15.5
    np.testing.assert_allclose(np.hypot(*from_middle.T), np.full(60, 9.6), atol=1e-6)
    turns = np.unwrap(np.arctan2(-from_middle[:, 0], from_middle[:, 1]).reshape(5, 12))
    steps = np.diff(turns, axis=1) / (2 * np.pi)
    np.testing.assert_allclose(steps, np.tile(steps[:, :1], 11), atol=1e-9)
    assert (steps > 1 / 24).all() and (steps < 1 / 14).all() and np.ptp(steps) > 0.003


def test_domains_move_apart_and_pairs_together():
    dot, square = open_sources(CONFIG, "unpaired", "train", Clip(3))
    assert dot.num_examples == 6 * 3
    at = np.arange(18)
    places = [centroids(as_floats(source.numpy(at)["clip"][:, 0])) for source in (dot, square)]
    assert np.abs(places[0] - places[1]).max() > 5
    pairs = heldout_pairs(CONFIG, 8, seed=0)
    for images, counterparts in ((pairs.a, pairs.a_in_b), (pairs.b, pairs.b_in_a)):
        np.testing.assert_allclose(centroids(images), centroids(counterparts), atol=0.2)
        assert np.abs(images - counterparts).max() > 0.5
    assert open_source(CONFIG, main=Image()).num_examples == 30


def test_unknown_styles_and_long_windows_are_refused():
    with pytest.raises(UserInputError, match="style"):
        open_source({**CONFIG, "style": "star"})
    with pytest.raises(UserInputError, match="clips of up to 5 frames; 6 are needed. Give longer"):
        open_source(CONFIG, main=Clip(6))
