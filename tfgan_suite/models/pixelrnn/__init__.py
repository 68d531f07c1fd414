"""PixelRNN: van den Oord et al., 2016 (PixelRNN, PixelCNN); van den Oord et al., 2016 (gated)."""

from tfgan_suite.models.pixelrnn.pixelrnn import PixelRNN

__all__ = ["PixelRNN"]
