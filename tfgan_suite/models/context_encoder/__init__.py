"""Context encoder, inpainting: Pathak et al., 2016."""

from tfgan_suite.models.context_encoder.context_encoder import ContextEncoder

__all__ = ["ContextEncoder"]
