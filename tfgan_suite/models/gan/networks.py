"""The first GAN's own networks, for MNIST."""

import keras
from keras import layers

from tfgan_suite.layers import Dropout, Maxout
from tfgan_suite.networks import mlp_generator, register_pair


def maxout_mnist_generator(latent_size=100, name="maxout_mnist_generator"):
    """The MNIST generator of [Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661).

    | layer | output |
    |---|---|
    | dense, ReLU | 1200 |
    | dense, ReLU | 1200 |
    | dense, sigmoid | 28 x 28 x 1 |

    2,503,984 parameters; kernels from U(-0.05, 0.05). The paper's images are in [0, 1]; a
    rescaling without parameters follows the sigmoid, so that this network, like all others here,
    gives [-1, 1]. The authors draw latents from U(-sqrt(3), sqrt(3)).

    Args:
        latent_size: int, length of a latent vector.
        name: str, name of the model.

    Returns:
        `keras.Model` from `[batch, latent_size]` to float32 `[batch, 28, 28, 1]` in [-1, 1].
    """
    unit = mlp_generator(
        (28, 28, 1),
        latent_size=latent_size,
        hidden_units=(1200, 1200),
        output_activation="sigmoid",
        kernel_initializer=_uniform(0.05),
    )
    images = layers.Rescaling(2.0, -1.0, dtype="float32", name="to_signed_range")(unit.output)
    return keras.Model(unit.input, images, name=name)


def maxout_mnist_discriminator(name="maxout_mnist_discriminator"):
    """The MNIST discriminator of [Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661).

    | layer | output |
    |---|---|
    | rescaling from [-1, 1] to the paper's [0, 1]; dropout, keeps 0.8 | 784 |
    | maxout of 5 pieces; dropout, keeps 0.5 | 240 |
    | maxout of 5 pieces; dropout, keeps 0.5 | 240 |
    | dense | 1 |

    1,231,441 parameters; kernels from U(-0.005, 0.005). Dropout is active whenever
    `training=True`, in the generator's step too, as in the authors' code.

    Returns:
        `keras.Model` from `[batch, 28, 28, 1]` in [-1, 1] to float32 logits `[batch, 1]`.
    """
    images = keras.Input((28, 28, 1), name="images")
    x = layers.Rescaling(0.5, 0.5, name="to_unit_range")(images)
    x = layers.Flatten(name="flatten")(x)
    x = Dropout(0.2, name="input_dropout")(x)
    for index in range(2):
        x = Maxout(240, pieces=5, kernel_initializer=_uniform(0.005), name=f"maxout_{index}")(x)
        x = Dropout(0.5, name=f"dropout_{index}")(x)
    logits = layers.Dense(1, kernel_initializer=_uniform(0.005), dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name=name)


@register_pair("maxout_mnist")
def maxout_mnist_pair(latent_size=100):
    """Returns both networks."""
    return maxout_mnist_generator(latent_size), maxout_mnist_discriminator()


def _uniform(limit):
    return keras.initializers.RandomUniform(-limit, limit)
