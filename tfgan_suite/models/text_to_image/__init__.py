"""Text-to-image GAN (GAN-CLS, GAN-INT): Reed et al., 2016."""

from tfgan_suite.models.text_to_image.text_to_image import TextToImageGAN

__all__ = ["TextToImageGAN"]
