"""Generator and discriminator pairs by name, as configs give them."""

import inspect
from collections.abc import Callable

from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.networks.dcgan import dcgan_discriminator, dcgan_generator
from tfgan_suite.networks.mlp import mlp_discriminator, mlp_generator

_PAIRS: dict[str, Callable] = {}


def register_pair(name: str) -> Callable[[Callable], Callable]:
    """Makes a function that returns a generator and a discriminator known to `build_pair`."""

    def add(build):
        _PAIRS[name] = build
        return build

    return add


@register_pair("dcgan")
def _dcgan(
    image_size=64,
    channels=3,
    latent_size=100,
    filters=128,
    kernel_size=5,
    upsampling="transposed_convolution",
    projection_norm="units",
    batch_norm_group_size=None,
    base_size=4,
):
    shared = {
        "image_size": image_size,
        "channels": channels,
        "filters": filters,
        "kernel_size": kernel_size,
        "batch_norm_group_size": batch_norm_group_size,
        "base_size": base_size,
    }
    generator = dcgan_generator(
        latent_size=latent_size, upsampling=upsampling, projection_norm=projection_norm, **shared
    )
    return generator, dcgan_discriminator(**shared)


@register_pair("mlp")
def _mlp(
    sample_shape=(28, 28, 1),
    latent_size=100,
    generator_hidden_units=(256, 512, 1024),
    discriminator_hidden_units=(512, 256),
    generator_activation="relu",
    discriminator_activation="leaky_relu",
    discriminator_dropout=0.0,
    output_activation="tanh",
    kernel_initializer="glorot_uniform",
):
    generator = mlp_generator(
        sample_shape,
        latent_size,
        generator_hidden_units,
        activation=generator_activation,
        output_activation=output_activation,
        kernel_initializer=kernel_initializer,
    )
    discriminator = mlp_discriminator(
        sample_shape,
        discriminator_hidden_units,
        activation=discriminator_activation,
        dropout=discriminator_dropout,
        kernel_initializer=kernel_initializer,
    )
    return generator, discriminator


def pair_names():
    """The names that `build_pair` knows."""
    return sorted(_PAIRS)


def build_pair(name, **arguments):
    """Builds a generator and a discriminator that fit together.

    Args:
        name: "dcgan", "mlp", "residual", or a pair of `register_pair`: of the models of this
            package "maxout_mnist" (GAN) and "mixture" (LSGAN), after `tfgan_suite.models` was
            imported.
        **arguments: those of the networks' functions; what both take is given once. The pair
            "mlp" has `generator_hidden_units`, `discriminator_hidden_units`,
            `generator_activation`, `discriminator_activation` and `discriminator_dropout`.

    Returns:
        Two `keras.Model`: generator, whose `input_shape[-1]` is the latent size, and
        discriminator.

    Raises:
        UserInputError: unknown name or argument, or one that the networks refuse.

    Example:

    >>> generator, discriminator = build_pair("dcgan", image_size=32, channels=1, filters=32)
    """
    if name not in _PAIRS:
        raise UserInputError(
            f"Unknown networks {name!r}.{closest_name(str(name), _PAIRS)} "
            f"Known: {', '.join(pair_names())}."
        )
    known = inspect.signature(_PAIRS[name]).parameters
    for argument in arguments:
        if argument not in known:
            raise UserInputError(
                f"The networks {name!r} take no argument {argument!r}."
                f"{closest_name(argument, known)} Known: {', '.join(known)}."
            )
    return _PAIRS[name](**arguments)
