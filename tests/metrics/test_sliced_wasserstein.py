"""Pyramids and the sliced Wasserstein distance, against scipy and by their properties."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
import tensorflow as tf

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.metrics.image_metrics import Networks, metric_of
from tfgan_suite.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_suite.networks.pyramids import (
    doubled,
    from_laplacian_pyramid,
    halved,
    laplacian_pyramid,
)


def textures(num, size=32, seed=0, smooth=2.0):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(num, size, size, 3))
    noise = scipy.ndimage.gaussian_filter(noise, (0, smooth, smooth, 0))
    return np.clip(127 + 600 * noise, 0, 255).astype(np.uint8)


def distance(real, fake):
    metric = metric_of(f"swd_{len(fake)}", Networks({}))
    metric.add_real(real)
    metric.add_fake(fake, None)
    return metric.result()


def test_halved_and_doubled_are_the_binomial_filter():
    x = np.random.default_rng(0).uniform(0, 255, (1, 8, 8, 1)).astype(np.float32)
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    expected = scipy.ndimage.convolve(x[0, :, :, 0], kernel, mode="mirror")[::2, ::2]
    np.testing.assert_allclose(halved(tf.constant(x))[0, :, :, 0], expected, rtol=1e-5)
    spread = np.zeros((16, 16))
    spread[::2, ::2] = x[0, :, :, 0]
    expected = scipy.ndimage.convolve(spread, 4 * kernel, mode="mirror")
    np.testing.assert_allclose(doubled(tf.constant(x))[0, :, :, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("sizes", [(64, 32, 16), (28, 14, 8), (32, 16, 8), (64, 32, 16, 8, 4)])
def test_the_pyramid_gives_the_images_back(sizes):
    x = tf.constant(textures(2, sizes[0]), tf.float32) / 127.5 - 1
    levels = laplacian_pyramid(x, sizes[1:])
    assert [level.shape[1] for level in levels] == list(sizes)
    np.testing.assert_allclose(from_laplacian_pyramid(levels), x, atol=1e-6)


def test_a_constant_image_has_no_details():
    *details, rest = laplacian_pyramid(tf.fill([1, 28, 28, 3], 0.7), [14, 8])
    np.testing.assert_allclose(rest, 0.7, atol=1e-6)
    for level in details:
        np.testing.assert_allclose(level, 0.0, atol=1e-6)


def test_in_one_dimension_it_is_scipys_distance():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(500, 1)), rng.normal(1, 2, size=(500, 1))
    expected = scipy.stats.wasserstein_distance(real[:, 0], fake[:, 0])
    assert sliced_wasserstein(real, fake) == pytest.approx(expected, rel=1e-5)


def test_the_same_images_are_at_no_distance_and_noise_far_away(real_data):
    with np.load(real_data / "sprites_walk_1000.npz") as file:
        sprites = file["frames"][:120, 0]
    ours, others = sprites[0::2], sprites[1::2]
    assert distance(ours, ours)["value"] == 0
    noise = np.random.default_rng(2).integers(0, 256, ours.shape, dtype=np.uint8)
    assert distance(ours, noise)["value"] > 5 * distance(ours, others)["value"]


def test_blur_is_seen_at_the_finest_size_alone():
    real, other = textures(200), textures(200, seed=1)
    blurred = scipy.ndimage.gaussian_filter(other, (0, 1, 1, 0))
    sharp, soft = distance(real, other)["by_size"], distance(real, blurred)["by_size"]
    assert soft["32"] > 1.5 * sharp["32"]
    assert soft["16"] < 1.2 * sharp["16"]


def test_what_does_not_fit_is_refused():
    with pytest.raises(UserInputError, match="no network"):
        metric_of("swd_squeezenet_10", Networks({}))
    with pytest.raises(UserInputError, match="28 x 28"):
        distance(textures(2, 28), textures(2, 28))
    with pytest.raises(UserInputError, match="16 pixels beside generated ones of 32"):
        distance(textures(2, 16), textures(2, 32))
    with pytest.raises(RunFailure, match="cannot be compared"):
        sliced_wasserstein(np.zeros((2, 3)), np.zeros((3, 3)))
