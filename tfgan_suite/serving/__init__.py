"""The way out: what a model answers, publishing it as a SavedModel, and the check of the result.

Nothing here imports TensorFlow until it is used, so that the C++ loader and the check can run in a
process without it.
"""

import importlib

_HOMES = {
    "Signature": "signature",
    "check_ids": "signature",
    "decode_images": "pictures",
    "encode_png": "pictures",
    "LATENT_RANGE": "signature",
    "latents_from_seeds": "signature",
    "refuse_rows": "signature",
    "Published": "publishing",
    "publish": "publishing",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__():
    return __all__
