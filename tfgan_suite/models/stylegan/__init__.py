"""Style-based generator for GANs."""

from tfgan_suite.models.stylegan.stylegan import StyleGAN

__all__ = ["StyleGAN"]
