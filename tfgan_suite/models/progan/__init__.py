"""Progressive growing of GANs."""

from tfgan_suite.models.progan.progan import ProGAN

__all__ = ["ProGAN"]
