"""The way out: a model as a version for TensorFlow Serving, and the check of what was published.

Nothing here imports TensorFlow until it is used, so that the C++ loader and the check can run in a
process without it.
"""

import importlib

_HOMES = {"Published": "publisher", "publish": "publisher"}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__():
    return __all__
