"""SimGAN against its paper: counts, losses at chance, warm-up, half-half history."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import SimGAN
from tfgan_suite.models.simgan.history import HalfHistory
from tfgan_suite.models.simgan.networks import local_discriminator, refiner

GAZE = (35, 55, 1)


def tiny(**arguments):
    return SimGAN(**{**SimGAN.presets["tiny"], "ema_half_life": None, **arguments})


def images(num=8, seed=0, shape=(8, 12, 1)):
    return np.random.default_rng(seed).uniform(-1, 1, (num, *shape)).astype(np.float32)


def test_the_papers_sizes():
    assert testing.parameter_count(lambda: refiner(GAZE)) == 296_129
    assert testing.parameter_count(lambda: local_discriminator(GAZE)) == 75_906
    assert local_discriminator(GAZE).output_shape == (None, 9, 14, 2)


def receptive_field(network, shape):
    """Rows in which a bright pixel changes the middle of the output, for positive weights."""
    network.set_weights([np.full_like(w, 0.05 * (w.ndim > 1)) for w in network.get_weights()])
    rows, middle = np.arange(shape[0]), shape[1] // 2
    x = np.zeros((shape[0] + 1, *shape), np.float32)  # the last one is dark
    x[rows, rows, middle] = 1
    y = network(x).numpy()
    seen = y[:, y.shape[1] // 2, y.shape[2] // 2, 0]
    return int((seen[:-1] != seen[-1]).sum())


def test_receptive_fields():
    assert receptive_field(refiner((41, 41, 1), filters=2), (41, 41, 1)) == 19
    assert receptive_field(local_discriminator((41, 41, 1), filters=3), (41, 41, 1)) == 23


def test_losses_at_chance_are_sums_over_patches():
    """126 patches, each log 2."""
    model = SimGAN(filters=2, num_blocks=1, discriminator_filters=3, self_regularization=0.5)
    network = model.discriminator
    network.set_weights([np.zeros_like(w) for w in network.get_weights()])
    synthetic, real = images(2, 0, GAZE), images(2, 1, GAZE)
    terms = model.discriminator_loss(model.refiner(synthetic), real).terms
    for name in ("refined", "real"):
        np.testing.assert_allclose(terms[name], np.full(2, 126 * np.log(2)), rtol=1e-5)
    terms = model.refiner_loss(synthetic).terms
    np.testing.assert_allclose(terms["adversarial"], np.full(2, 126 * np.log(2)), rtol=1e-5)
    distance = np.abs(model.refiner(synthetic).numpy() - synthetic).sum((1, 2, 3))
    np.testing.assert_allclose(terms["self_regularization"], 0.5 * distance, rtol=1e-5)


def test_mean_colours_may_be_kept_instead_of_pixels():
    model = tiny(image_shape=(8, 12, 3), features="mean_colour", self_regularization=1.0)
    synthetic = images(4, shape=(8, 12, 3))
    kept = np.abs((model.refiner(synthetic).numpy() - synthetic).mean((1, 2))).sum(1)
    terms = model.self_regularization_loss(synthetic).terms
    np.testing.assert_allclose(terms["self_regularization"], kept, rtol=1e-4)


def test_brightness_and_contrast_may_be_free():
    model = tiny(features="standardised", self_regularization=1.0)
    shown = images(3, shape=(8, 12, 1))
    psi = model.features(shown)
    assert np.abs(model.features(0.4 * shown + 0.3) - psi).max() < 0.05
    assert np.abs(model.features(shown[:, ::-1]) - psi).mean() > 0.5


def test_steps_move_probabilities_the_right_way():
    """A step of D tells refined from real better, a step of R makes them harder to tell."""
    model = tiny(
        refiner_images=0,
        discriminator_images=0,
        history_size=0,
        refiner_steps=1,
        self_regularization=0,
    )
    model.compile("sgd", run_eagerly=True)
    batch = (images(), images(seed=1))
    model.discriminator_optimizer.learning_rate.assign(1e-3)
    before = _probabilities(model)
    model.refiner_optimizer.learning_rate.assign(0.0)
    model.train_on_batch(batch)
    after = _probabilities(model)
    assert after[0] - after[1] > before[0] - before[1]
    model.discriminator_optimizer.learning_rate.assign(0.0)
    model.refiner_optimizer.learning_rate.assign(1e-4)
    model.train_on_batch(batch)
    assert _probabilities(model)[0] < after[0]


def _probabilities(model):
    """Mean logits of "refined" for refined and for real images."""
    seen = (model.refiner(images()), images(seed=1))
    logits = [model.discriminator(x).numpy() for x in seen]
    return [float((x[..., 1] - x[..., 0]).mean()) for x in logits]


def test_each_player_begins_alone():
    model = tiny(refiner_steps=1, refiner_images=16, discriminator_images=16)
    model.compile(run_eagerly=True)
    moved = []
    for _ in range(5):
        before = [int(model.optimizers[p].iterations.numpy()) for p in ("refiner", "discriminator")]
        model.train_on_batch(testing.random_batch(model, 8))
        after = [int(model.optimizers[p].iterations.numpy()) for p in ("refiner", "discriminator")]
        moved.append(tuple(np.subtract(after, before)))
    assert moved == [(1, 0), (1, 0), (0, 1), (0, 1), (1, 1)]


@pytest.mark.parametrize("capacity", [6, 5, 3])
def test_half_of_the_history_is_older(capacity):
    history = HalfHistory(capacity, (1, 1, 1))
    rng = np.random.default_rng(0)
    stored = []
    for step in range(8):
        new = (np.arange(4, dtype=np.float32) + 10 * (step + 1))[:, None, None, None]
        before = history.images.numpy().ravel().copy()
        count = int(history.count.numpy())
        seen = history.exchange(tf.constant(new), rng.random(4).astype("f"), rng.random(capacity))
        seen = seen.numpy().ravel()
        np.testing.assert_array_equal(seen[::2], new.ravel()[::2])
        if step == 0:
            np.testing.assert_array_equal(seen, new.ravel())  # nothing older is there
        else:
            assert set(seen[1::2]) <= set(stored)
        now = history.images.numpy().ravel()
        assert (now != before).sum() == 2
        assert set(new.ravel()[1::2]) <= set(now)
        assert int(history.count.numpy()) == min(capacity, count + 2)
        stored = list(now[: int(history.count.numpy())])
        assert 0 not in stored  # which no image ever was


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"discriminator_filters": 10}, "multiple of 3"),
        ({"discriminator_steps": 3}, "more than refiner_steps"),
        ({"features": "nothing"}, "features"),
        ({"discriminator_filters": "x"}, "discriminator_filters must be a whole number"),
        ({"image_shape": (8, 8)}, "image_shape"),
        ({"image_shape": 8}, "image_shape"),
        ({"image_shape": ("x", 8, 1)}, "Each number of image_shape"),
        ({"self_regularization": -1}, "self_regularization"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises(UserInputError, match=words):
        tiny(**arguments)
