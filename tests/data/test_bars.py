"""Bars at known angles."""

import numpy as np
import pytest

from benchmarks.angle_figures import angles_shown
from tfgan_suite.data import bars, heldout_pairs, open_source
from tfgan_suite.data.opening import open_sources
from tfgan_suite.errors import UserInputError

CONFIG = {"source": "bars", "num_examples": 60, "num_test": 20}


def as_floats(images):
    return images.astype(np.float32) / 127.5 - 1


@pytest.mark.parametrize("style", bars.STYLES)
def test_bars_are_at_their_angles(style):
    drawn = bars.scenes(np.arange(200), key=3)
    found = angles_shown(as_floats(bars.draw(drawn, style, 32)))
    np.testing.assert_allclose(found, drawn[:, 0], atol=2)
    assert np.abs(drawn[:, 0]).max() < bars.RANGE and np.ptp(drawn[:, 0]) > 140


def test_bars_are_whole_and_anticlockwise():
    upwards = bars.draw(np.array([[45.0, 0.06, 0.06, 0.34]]), "thick", 32)[0]
    assert upwards[24, 24].max() < 20 < upwards[12, 24].max()
    drawn = bars.scenes(np.arange(500), key=4)
    images = bars.draw(drawn, "thick", 32)
    assert not images[:, [0, -1]].any() and not images[:, :, [0, -1]].any()


def test_domains_hold_different_bars_and_pairs_the_same():
    thin, thick = open_sources(CONFIG, "unpaired", "train")
    at = np.arange(60)
    angles = [angles_shown(as_floats(source.numpy(at)["image"])) for source in (thin, thick)]
    assert np.abs(np.corrcoef(angles)[0, 1]) < 0.5
    pairs = heldout_pairs(CONFIG, 20, seed=0)
    np.testing.assert_allclose(angles_shown(pairs.a), angles_shown(pairs.a_in_b), atol=3)
    assert pairs.a[..., 2].max() > 0.9 > pairs.a_in_b[..., 2].max()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"style": "bold"}, "style"), ({"channels": 1}, "3 channels, not 1")],
)
def test_wrong_options(options, message):
    with pytest.raises(UserInputError, match=message):
        open_source({**CONFIG, **options})
