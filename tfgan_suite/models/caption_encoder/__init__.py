"""Caption encoder: Reed et al., 2016."""

from tfgan_suite.models.caption_encoder.caption_encoder import CaptionEncoder

__all__ = ["CaptionEncoder"]
