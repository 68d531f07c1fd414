"""CycleGAN: Zhu et al., 2017."""

from tfgan_suite.models.cyclegan.cyclegan import CycleGAN

__all__ = ["CycleGAN"]
