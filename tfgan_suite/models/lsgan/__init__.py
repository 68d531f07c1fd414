"""LSGAN: Mao et al., 2017."""

from tfgan_suite.models.lsgan.lsgan import LSGAN
from tfgan_suite.models.lsgan.presets import PRESETS

__all__ = ["PRESETS", "LSGAN"]
