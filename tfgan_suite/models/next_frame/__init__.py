"""Next-frame prediction, multi-scale: Mathieu et al., 2016."""

from tfgan_suite.models.next_frame.next_frame import NextFrame

__all__ = ["NextFrame"]
