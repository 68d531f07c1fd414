"""What a run is: its config, its folder, its training, its samples.

Names are imported when they are first used, so that a program starts without loading TensorFlow.
"""

import importlib

_HOMES = {
    "default_config": "config",
    "describe_keys": "config",
    "load_config": "config",
    "validate": "config",
    "dry_run": "costs",
    "evaluate": "evaluation",
    "evaluate_folders": "evaluation",
    "results_of": "evaluation",
    "sample": "sampling",
    "RunInterrupted": "training",
    "load": "training",
    "train": "training",
    "Workdir": "workdir",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__():
    return __all__
