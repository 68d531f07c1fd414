"""A generator whose samples differ, which untrained ones hardly do."""

import keras
import pytest

from tfgan_suite import models
from tfgan_suite.networks import build_pair


def dense_gan(size: int = 8) -> models.GAN:
    keras.utils.set_random_seed(0)
    generator, discriminator = build_pair(
        "mlp",
        sample_shape=(size, size, 1),
        latent_size=4,
        generator_hidden_units=(16,),
        discriminator_hidden_units=(8,),
        output_activation="tanh",
    )
    for weight in generator.trainable_weights:
        weight.assign(2.0 * weight)
    return models.GAN(generator, discriminator)


@pytest.fixture
def make_gan():
    """Returns a function that makes a GAN of grey images, 8 x 8 by default."""
    return dense_gan


@pytest.fixture(scope="module")
def gan():
    return dense_gan()
