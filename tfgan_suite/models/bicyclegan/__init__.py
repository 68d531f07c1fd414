"""BicycleGAN: Zhu et al., 2017."""

from tfgan_suite.models.bicyclegan.bicyclegan import BicycleGAN

__all__ = ["BicycleGAN"]
