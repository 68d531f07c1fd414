"""Fully connected networks: for points, for small images, and two papers' own."""

import math

import keras
from keras import layers

from tfgan_suite.layers import Dropout, Maxout


def mlp_generator(
    sample_shape,
    latent_size=100,
    hidden_units=(256, 512, 1024),
    activation="relu",
    output_activation="tanh",
    kernel_initializer="glorot_uniform",
    name="mlp_generator",
):
    """Latents to samples of any shape by dense layers.

    Args:
        sample_shape: tuple of ints, shape of a sample, e.g. `(28, 28, 1)` or `(2,)`.
        latent_size: int, length of a latent vector.
        hidden_units: ints, sizes of the hidden layers.
        activation: activation of the hidden layers, as Keras takes it.
        output_activation: "tanh" for samples in [-1, 1], "sigmoid" for [0, 1], None for any reals.
        kernel_initializer: name or config of an initialiser, for all layers.
        name: str, name of the model.

    Returns:
        `keras.Model` from `[batch, latent_size]` to float32 `[batch, *sample_shape]`.

    Example:

    >>> mlp_generator((28, 28, 1)).output_shape
    (None, 28, 28, 1)
    """
    latents = keras.Input((latent_size,), name="latents")
    x = latents
    for index, units in enumerate(hidden_units):
        x = layers.Dense(
            units,
            activation=activation,
            kernel_initializer=_fresh(kernel_initializer),
            name=f"hidden_{index}",
        )(x)
    x = layers.Dense(
        math.prod(sample_shape), kernel_initializer=_fresh(kernel_initializer), name="output"
    )(x)
    x = layers.Reshape(tuple(sample_shape), name="reshape")(x)
    samples = layers.Activation(output_activation or "linear", dtype="float32", name="samples")(x)
    return keras.Model(latents, samples, name=name)


def mlp_discriminator(
    sample_shape,
    hidden_units=(512, 256),
    activation="leaky_relu",
    dropout=0.0,
    kernel_initializer="glorot_uniform",
    name="mlp_discriminator",
):
    """Samples of any shape to one logit each by dense layers.

    Args:
        sample_shape: tuple of ints, shape of a sample.
        hidden_units: ints, sizes of the hidden layers.
        activation: activation of the hidden layers, as Keras takes it; the name "leaky_relu"
            has slope 0.2.
        dropout: float in [0, 1), share of each hidden layer's outputs that training drops.
        kernel_initializer: name or config of an initialiser, for all layers.
        name: str, name of the model.

    Returns:
        `keras.Model` from `[batch, *sample_shape]` to float32 logits `[batch, 1]`.

    Example:

    >>> mlp_discriminator((28, 28, 1)).output_shape
    (None, 1)
    """
    samples = keras.Input(tuple(sample_shape), name="samples")
    x = layers.Flatten(name="flatten")(samples)
    for index, units in enumerate(hidden_units):
        x = layers.Dense(
            units,
            activation=activation,
            kernel_initializer=_fresh(kernel_initializer),
            name=f"hidden_{index}",
        )(x)
        if dropout:
            x = Dropout(dropout, name=f"dropout_{index}")(x)
    logits = layers.Dense(
        1, kernel_initializer=_fresh(kernel_initializer), dtype="float32", name="logits"
    )(x)
    return keras.Model(samples, logits, name=name)


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


def mixture_generator(latent_size=256, name="mixture_generator"):
    """LSGAN's generator of points in the plane: two hidden layers of 128 tanh, linear output.

    From the mixture experiment of [Mao et al., 2017](https://arxiv.org/abs/1611.04076): orthogonal
    kernels of gain 1.4, latents from N(0, 1).

    Args:
        latent_size: int, length of a latent vector.
        name: str, name of the model.

    Returns:
        `keras.Model` from `[batch, latent_size]` to float32 `[batch, 2]`.
    """
    return mlp_generator(
        (2,),
        latent_size=latent_size,
        hidden_units=(128, 128),
        activation="tanh",
        output_activation=None,
        kernel_initializer=keras.initializers.Orthogonal(gain=1.4),
        name=name,
    )


def mixture_discriminator(name="mixture_discriminator"):
    """LSGAN's discriminator of points in the plane; see `mixture_generator`.

    Returns:
        `keras.Model` from `[batch, 2]` to float32 logits `[batch, 1]`.
    """
    return mlp_discriminator(
        (2,),
        hidden_units=(128, 128),
        activation="tanh",
        kernel_initializer=keras.initializers.Orthogonal(gain=1.4),
        name=name,
    )


def _uniform(limit):
    return keras.initializers.RandomUniform(-limit, limit)


def _fresh(initializer):
    """A new instance each time: one instance would draw the same kernel for every layer."""
    config = keras.initializers.serialize(keras.initializers.get(initializer))
    return keras.initializers.deserialize(config)
