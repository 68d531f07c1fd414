"""StackGAN, images of captions in two stages: Zhang et al., 2017."""

from tfgan_suite.models.stackgan.stackgan import StackGAN

__all__ = ["StackGAN"]
