"""StyleGAN: Karras et al., 2019."""

from tfgan_suite.models.stylegan.stylegan import StyleGAN

__all__ = ["StyleGAN"]
