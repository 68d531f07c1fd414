import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.training import Stage, averaging


def test_decay_halves_after_the_half_life():
    factor = float(averaging.decay(100, 1000.0, tf.constant(10**9, tf.int64)))
    np.testing.assert_allclose(factor**10, 0.5, rtol=1e-5)


def test_decay_forgets_quickly_at_first():
    early = float(averaging.decay(100, 1e6, tf.constant(100, tf.int64)))
    assert early < 1e-5


def test_the_average_follows_weights_and_batch_norm_statistics():
    model = models.build({"name": "dcgan", "preset": "tiny", "ema_half_life": 20.0})
    model.compile()
    expected = [v.numpy() for v in model.generator.variables]
    images = 0
    for seed in range(4):
        model.train_on_batch(testing.random_batch(model, 8, seed))
        images += 8
        factor = 0.5 ** (8 / min(20.0, 0.05 * images))
        current = [v.numpy() for v in model.generator.variables]
        expected = [factor * e + (1 - factor) * c for e, c in zip(expected, current, strict=True)]
    names = [v.path for v in model.generator_average.variables]
    assert any("moving_variance" in name for name in names)
    for average, value in zip(model.generator_average.variables, expected, strict=True):
        np.testing.assert_allclose(average.numpy(), value, atol=1e-6)


def test_call_uses_the_average():
    model = models.build({"name": "gan", "preset": "tiny"})
    model.compile(keras.optimizers.SGD(1.0))
    latents = np.ones((2, 4), np.float32)
    model.train_on_batch(testing.random_batch(model))
    np.testing.assert_array_equal(model(latents), model.generator_average(latents))
    assert not np.array_equal(model(latents), model.generator(latents))


class OneAfterTheOther(models.GAN):
    """D trains on the first 8 images, G on the rest."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.declare_stages(Stage("discriminator", 8), Stage("generator"))

    def train_step(self, batch):
        z = self.latents("latents")
        if self.stage.name == "generator":
            self.update("generator", self.generator_loss, z, batch[self.sample_name])
        else:
            epsilon = self.noise("epsilon", ())
            self.update(
                "discriminator", self.discriminator_loss, batch[self.sample_name], z, epsilon
            )
        return self.step_logs()


def test_the_average_of_a_player_that_rests_stays():
    model = OneAfterTheOther(**models.GAN.presets["tiny"])
    model.compile(run_eagerly=True)
    # As of a player that has moved before.
    model.generator.set_weights([w + 1 for w in model.generator.get_weights()])
    found = [model.generator_average.get_weights()]
    for seed in range(2):
        model.train_on_batch(testing.random_batch(model, 8, seed))
        found.append(model.generator_average.get_weights())
    for begun, rested, moved in zip(*found, strict=True):
        np.testing.assert_array_equal(begun, rested)
        assert not np.array_equal(rested, moved)


def test_a_half_life_must_be_positive():
    with pytest.raises(UserInputError, match="Received: 0"):
        models.build({"name": "gan", "preset": "tiny", "ema_half_life": 0})
