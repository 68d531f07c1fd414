"""LSGAN: Mao et al., 2017."""

from tfgan_suite.models.lsgan import networks
from tfgan_suite.models.lsgan.lsgan import LSGAN

__all__ = ["LSGAN", "networks"]
