"""What a model answers: its signatures; image codecs and captions inside a served graph."""

from tfgan_suite.signatures.image_codecs import decode_images, encode_png
from tfgan_suite.signatures.latents import latents_from_seeds, linear, spherical
from tfgan_suite.signatures.signature import LATENT_RANGE, Signature, check_ids, refuse_rows
from tfgan_suite.signatures.words import Words, words_of

__all__ = [
    "LATENT_RANGE",
    "Signature",
    "Words",
    "check_ids",
    "decode_images",
    "encode_png",
    "latents_from_seeds",
    "linear",
    "refuse_rows",
    "spherical",
    "words_of",
]
