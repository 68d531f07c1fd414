"""SRGAN, super-resolution (SRResNet, ESRGAN): Ledig et al., 2017; Wang et al., 2018."""

from tfgan_suite.models.srgan.interpolation import interpolated
from tfgan_suite.models.srgan.srgan import SRGAN

__all__ = ["SRGAN", "interpolated"]
