"""LSGAN's own networks, for mixtures of Gaussians."""

import keras

from tfgan_suite.networks import mlp_discriminator, mlp_generator, register_pair


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


@register_pair("mixture")
def mixture_pair(latent_size=256):
    """Returns both networks."""
    return mixture_generator(latent_size), mixture_discriminator()
