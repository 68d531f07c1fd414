"""3D-GAN: Wu et al., 2016."""

from tfgan_suite.models.threed_gan.threed_gan import ThreeDGAN

__all__ = ["ThreeDGAN"]
