"""Every system of the package: a folder each, which registers its model by name."""

import importlib
import pkgutil

from tfgan_suite.models.registry import arguments_of, build, get, names, presets, register

__all__ = ["arguments_of", "build", "get", "names", "presets", "register"]

for _module in pkgutil.iter_modules(__path__):
    if _module.ispkg:
        importlib.import_module(f"{__name__}.{_module.name}")
for _name in names():
    globals()[get(_name).__name__] = get(_name)
    __all__.append(get(_name).__name__)
