"""pix2pix: Isola et al., 2017."""

from tfgan_suite.models.pix2pix.pix2pix import Pix2Pix

__all__ = ["Pix2Pix"]
