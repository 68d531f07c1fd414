"""DCGAN: Radford et al., 2016."""

from tfgan_suite.models.dcgan.dcgan import DCGAN

__all__ = ["DCGAN"]
