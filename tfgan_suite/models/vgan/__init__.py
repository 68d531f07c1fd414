"""VGAN, clips in two streams: Vondrick et al., 2016."""

from tfgan_suite.models.vgan.vgan import VGAN

__all__ = ["VGAN"]
