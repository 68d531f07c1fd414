"""What a model answers: its signatures; image codecs and captions inside a served graph."""

from tfgan_suite.signatures.animations import encode_gif
from tfgan_suite.signatures.captions import CaptionReader
from tfgan_suite.signatures.characters import ALPHABET, Characters
from tfgan_suite.signatures.image_codecs import (
    HOLE_FROM,
    checked_holes,
    decode_images,
    decode_images_and_holes,
    decode_images_and_sizes,
    encode_png,
    map_image_files,
    to_levels,
)
from tfgan_suite.signatures.latent_spaces import Condition, LatentSpace, class_condition
from tfgan_suite.signatures.latents import latents_from_seeds, linear, spherical
from tfgan_suite.signatures.readers import caption_reader
from tfgan_suite.signatures.shaded_views import shaded_view, shaded_views
from tfgan_suite.signatures.signature import LATENT_RANGE, Signature, check_ids, refuse_rows
from tfgan_suite.signatures.words import Words, words_of

__all__ = [
    "ALPHABET",
    "HOLE_FROM",
    "LATENT_RANGE",
    "CaptionReader",
    "Characters",
    "Condition",
    "LatentSpace",
    "Signature",
    "Words",
    "caption_reader",
    "check_ids",
    "checked_holes",
    "class_condition",
    "decode_images",
    "decode_images_and_holes",
    "decode_images_and_sizes",
    "encode_gif",
    "encode_png",
    "latents_from_seeds",
    "linear",
    "map_image_files",
    "refuse_rows",
    "shaded_view",
    "shaded_views",
    "spherical",
    "to_levels",
    "words_of",
]
