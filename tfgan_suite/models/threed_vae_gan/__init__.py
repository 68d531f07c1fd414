"""3D-VAE-GAN: Wu et al., 2016."""

from tfgan_suite.models.threed_vae_gan.threed_vae_gan import ThreeDVAEGAN

__all__ = ["ThreeDVAEGAN"]
