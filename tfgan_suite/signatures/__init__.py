"""What a model answers: its signatures, and the image codecs that run inside a served graph."""

from tfgan_suite.signatures.image_codecs import decode_images, encode_png
from tfgan_suite.signatures.signature import (
    LATENT_RANGE,
    Signature,
    check_ids,
    latents_from_seeds,
    refuse_rows,
)

__all__ = [
    "LATENT_RANGE",
    "Signature",
    "check_ids",
    "decode_images",
    "encode_png",
    "latents_from_seeds",
    "refuse_rows",
]
