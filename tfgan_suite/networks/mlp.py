"""Fully connected networks: for points and for small images."""

import math
from collections.abc import Sequence

import keras
from keras import layers

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import Dropout


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

    Raises:
        UserInputError: `hidden_units` are no sizes.

    Example:

    >>> mlp_generator((28, 28, 1)).output_shape
    (None, 28, 28, 1)
    """
    latents = keras.Input((latent_size,), name="latents")
    x = latents
    for index, units in enumerate(_checked_units(hidden_units)):
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

    Raises:
        UserInputError: `hidden_units` are no sizes.

    Example:

    >>> mlp_discriminator((28, 28, 1)).output_shape
    (None, 1)
    """
    samples = keras.Input(tuple(sample_shape), name="samples")
    x = layers.Flatten(name="flatten")(samples)
    for index, units in enumerate(_checked_units(hidden_units)):
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


def _checked_units(hidden_units):
    """Returns the sizes of hidden layers, which are some whole numbers from 1."""
    units = hidden_units if isinstance(hidden_units, Sequence) else [hidden_units, None]
    if any(isinstance(u, bool) or not isinstance(u, int) or u < 1 for u in units):
        raise UserInputError(
            "The units of hidden layers must be a list of whole numbers from 1, such as [128, 128];"
            f" received {hidden_units!r}."
        )
    return units


def _fresh(initializer):
    """A new instance each time: one instance would draw the same kernel for every layer."""
    config = keras.initializers.serialize(keras.initializers.get(initializer))
    return keras.initializers.deserialize(config)
