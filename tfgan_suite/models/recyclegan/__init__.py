"""Recycle-GAN: Bansal et al., 2018."""

from tfgan_suite.models.recyclegan.recyclegan import RecycleGAN

__all__ = ["RecycleGAN"]
