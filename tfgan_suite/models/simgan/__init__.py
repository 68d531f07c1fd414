"""SimGAN, refining of simulated images: Shrivastava et al., 2017."""

from tfgan_suite.models.simgan.simgan import SimGAN

__all__ = ["SimGAN"]
