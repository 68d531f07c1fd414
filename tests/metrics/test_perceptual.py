"""Perceptual distance and perceptual path length."""

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.path_lengths import path_lengths, trimmed_mean
from tfgan_suite.losses.perceptual import unit_feature_distance
from tfgan_suite.metrics import PerceptualDistance
from tfgan_suite.models import StyleGAN
from tfgan_suite.networks.squeezenet import squeezenet

RNG = np.random.default_rng(0)


def test_the_distance_is_what_its_formula_says():
    shapes = (4, 6, 5, 3), (4, 2, 2, 7)
    first, second = ([RNG.normal(size=shape) for shape in shapes] for _ in range(2))
    expected = 0
    for one, other in zip(first, second, strict=True):
        one, other = (f / np.linalg.norm(f, axis=-1, keepdims=True) for f in (one, other))
        expected = expected + ((one - other) ** 2).sum(-1).mean((1, 2))
    np.testing.assert_allclose(unit_feature_distance(first, second), expected, rtol=1e-5)
    np.testing.assert_array_equal(unit_feature_distance(first, first), np.zeros(4))


def test_dead_features_have_a_distance():
    zeros = [np.zeros((2, 3, 3, 4), np.float32)]
    np.testing.assert_array_equal(unit_feature_distance(zeros, zeros), np.zeros(2))


@pytest.fixture
def weights(tmp_path):
    network = squeezenet()
    arrays = {}
    for layer in network.layers:
        for part, value in zip(("kernel", "bias"), layer.get_weights(), strict=False):
            arrays[f"{layer.name}_{part}"] = value
    np.savez(tmp_path / "weights.npz", **arrays)
    return tmp_path / "weights.npz"


def test_what_is_nearer_has_the_smaller_distance(weights):
    distance = PerceptualDistance(weights)
    images = np.tanh(RNG.normal(size=(4, 40, 48, 3))).astype(np.float32)
    near, far = (
        distance(images, np.clip(images + s * RNG.normal(size=images.shape), -1, 1).astype("f"))
        for s in (0.05, 0.5)
    )
    assert (near < far).all() and (near > 0).all()
    np.testing.assert_allclose(distance(images, images), np.zeros(4), atol=1e-6)
    grey = images[..., :1]
    np.testing.assert_allclose(
        distance(grey, -grey), distance(np.repeat(grey, 3, -1), np.repeat(-grey, 3, -1)), rtol=1e-5
    )


class LinearStyleGAN(StyleGAN):
    """Images are w, whose mapping is the identity."""

    def _w_of(self, seeds):
        z = self._latents_of(seeds)
        return z, tf.zeros_like(z)

    def synthesised(self, styles, noise):
        return styles[:, 0]


def test_the_path_length_of_a_linear_generator_is_that_of_its_ways():
    """With the squared distance of images, and a straight way in w: |w_2 - w_1|^2 everywhere."""
    model = LinearStyleGAN(**StyleGAN.presets["tiny"])

    def squared(first, second):
        return np.sum((np.float64(first) - second) ** 2, axis=1)

    full, end = (path_lengths(model, squared, "w", end, 200, 0) for end in (False, True))
    seeds, others = np.random.default_rng(0).integers(0, 2**62, (2, 200))
    ways = (model._latents_of(s).numpy().astype(np.float64) for s in (seeds, others))
    expected = squared(*ways)
    # Positions are float32: a step at t near 1 is 1e-4 to one part in a thousand.
    np.testing.assert_allclose(end, expected, rtol=5e-2)
    np.testing.assert_allclose(full, expected, rtol=5e-2)


def test_a_constant_generator_has_no_length():
    model = StyleGAN(**StyleGAN.presets["tiny"])
    lengths = path_lengths(model, lambda a, b: np.zeros(len(a)), "z", False, 100, 0)
    assert lengths.shape == (100,) and trimmed_mean(lengths) == (0.0, 0.0)


def test_the_outermost_hundredths_are_left_out():
    lengths = np.concatenate([np.ones(98), [1e9, -1e9]])
    mean, error = trimmed_mean(lengths)
    assert mean == pytest.approx(1) and error == pytest.approx(0)


@pytest.mark.skipif("TFGAN_DATA" not in os.environ, reason="real data is not there")
def test_with_real_weights_a_shifted_image_is_nearer_than_another_one():
    data = Path(os.environ["TFGAN_DATA"])
    distance = PerceptualDistance(data / "squeezenet_v10_imagenet.npz")
    images = np.load(data / "mnist_60k.npz")["x"][:32, :, :, None] / 127.5 - 1
    images = tf.image.resize(images, (64, 64)).numpy()
    shifted = np.roll(images, 2, axis=2)
    assert distance(images, shifted).mean() < distance(images, images[::-1].copy()).mean()
