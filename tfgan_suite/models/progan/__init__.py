"""ProGAN, progressive growing of GANs: Karras et al., 2018."""

from tfgan_suite.models.progan.progan import ProGAN

__all__ = ["ProGAN"]
