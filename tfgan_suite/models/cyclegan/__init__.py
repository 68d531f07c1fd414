"""CycleGAN: Zhu et al., 2017."""

from tfgan_suite.models.cyclegan.cyclegan import CycleGAN
from tfgan_suite.models.cyclegan.presets import PRESETS

__all__ = ["PRESETS", "CycleGAN"]
