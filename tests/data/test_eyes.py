"""Drawn eyes with a known gaze."""

import numpy as np
import pytest

from tfgan_suite.data import eyes, open_source
from tfgan_suite.data.opening import open_sources
from tfgan_suite.errors import UserInputError


def test_the_pupil_is_where_the_gaze_says():
    indices = np.arange(40)
    drawn, centres = eyes.eyes(indices, "rendered"), eyes.gazes(indices)
    for image, centre in zip(drawn[..., 0], centres, strict=True):
        dark = np.argwhere(image < 40)
        np.testing.assert_allclose(dark.mean(0), centre, atol=0.6)


def test_a_camera_takes_contrast_and_adds_noise_to_the_same_eye():
    indices = np.arange(20)
    clean, taken = (eyes.eyes(indices, style).astype(float) for style in ("rendered", "camera"))
    assert taken.std(axis=(1, 2)).mean() < 0.7 * clean.std(axis=(1, 2)).mean()
    correlations = [
        np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(clean, taken, strict=True)
    ]
    assert np.mean(correlations) > 0.6


def test_textured_eyes_have_the_light_and_the_noise_of_the_camera_on_the_same_eye():
    """What is left of the textured and of the camera's, once the eye itself is taken away."""
    at = np.arange(20)
    clean, textured, taken = (eyes.eyes(at, style)[..., 0] / 255 for style in eyes.STYLES)
    added = textured - clean
    taken_on = taken - np.stack([eyes.dimmed(image) for image in clean])
    inner = (clean > 0.2) & (clean < 0.75)  # where nothing is cut off at 1
    np.testing.assert_allclose(added[inner], taken_on[inner], atol=0.02)
    assert 0.03 < added.std(axis=(1, 2)).mean() < 0.15


def test_domains_hold_different_eyes_and_pairs_the_same():
    config = {"source": "eyes", "num_examples": 10}
    rendered, camera = open_sources(config, "unpaired", "train")
    pair = open_sources(config, "paired", "train")
    at = np.arange(10)
    np.testing.assert_array_equal(rendered.numpy(at)["image"], eyes.eyes(at, "rendered"))
    np.testing.assert_array_equal(camera.numpy(at)["image"], eyes.eyes(at, "camera", domain=1))
    np.testing.assert_array_equal(pair[1].numpy(at)["image"], eyes.eyes(at, "camera"))
    held_out = open_source(config, "test")
    assert held_out.num_examples == 500
    with pytest.raises(UserInputError, match="style"):
        open_source({**config, "style": "painted"})
