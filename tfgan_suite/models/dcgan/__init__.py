"""DCGAN: Radford et al., 2016."""

from tfgan_suite.models.dcgan.dcgan import DCGAN
from tfgan_suite.models.dcgan.presets import PRESETS

__all__ = ["PRESETS", "DCGAN"]
