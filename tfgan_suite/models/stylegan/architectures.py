"""The two kinds of networks that `StyleGAN` has, by name."""

import functools
from collections.abc import Callable
from typing import NamedTuple

from tfgan_suite.layers import Blur
from tfgan_suite.models.stylegan.modulated import (
    modulated_layers_to,
    modulated_synthesis_network,
    residual_discriminator,
)
from tfgan_suite.models.stylegan.networks import style_layers_to, synthesis_network
from tfgan_suite.networks.progressive import growing_discriminator


class Architecture(NamedTuple):
    """Functions that make networks.

    Attributes:
        synthesis, discriminator: functions that return a `keras.Model`.
        style_layers_to: function from a size to the names of the layers that take a style; those
            that add noise are called by their size, `8_a`.
        grows: bool. Whether the networks have images of all sizes.
    """

    synthesis: Callable
    discriminator: Callable
    style_layers_to: Callable
    grows: bool


ARCHITECTURES = {
    "stylegan": Architecture(
        synthesis_network,
        functools.partial(growing_discriminator, smooth=Blur),
        style_layers_to,
        grows=True,
    ),
    "stylegan2": Architecture(
        modulated_synthesis_network, residual_discriminator, modulated_layers_to, grows=False
    ),
}
