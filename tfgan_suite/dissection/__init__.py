"""What the units of a generator detect and cause: `tfgan_suite.networks.opened` opens its layers.

Names are imported when they are first used, so that a program starts without loading TensorFlow.
"""

import importlib

_HOMES = {
    "Agreement": "agreement",
    "Dissection": "units",
    "NetworkSegmenter": "segmenters",
    "Subject": "units",
    "choose_thresholds": "agreement",
    "dissect": "units",
    "dissect_run": "of_run",
    "segmenter_of": "segmenters",
    "subject_of_run": "of_run",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__():
    return __all__
