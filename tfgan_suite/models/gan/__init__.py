"""GAN: Goodfellow et al., 2014."""

from tfgan_suite.models.gan.gan import GAN
from tfgan_suite.models.gan.presets import PRESETS

__all__ = ["GAN", "PRESETS"]
