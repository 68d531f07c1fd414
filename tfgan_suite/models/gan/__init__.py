"""GAN: Goodfellow et al., 2014."""

from tfgan_suite.models.gan import networks
from tfgan_suite.models.gan.gan import GAN

__all__ = ["GAN", "networks"]
