"""Models by name: those of the package, and your own."""

import importlib
import inspect
from collections.abc import Callable, Mapping

from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.training import GenerativeModel

_MODELS: dict[str, type[GenerativeModel]] = {}


def register(name: str) -> Callable[[type], type]:
    """Makes a `GenerativeModel` known by a name, in configs and programs.

    A class that is not registered is known as `"my_package.my_module:MyModel"`.

    Args:
        name: str. A word that no other model has.

    Raises:
        UserInputError: on a name that another class has.

    Example:

    ```python
    from tfgan_suite import models


    @models.register("my_gan")
    class MyGAN(models.GAN):
        presets = {"tiny": {"networks": {"name": "mlp", "sample_shape": [4, 4, 1]}}}
    ```
    """

    def add(cls):
        other = _MODELS.get(name)
        if other is not None and _home(other) != _home(cls):
            raise UserInputError(f"The name {name!r} is taken by {':'.join(_home(other))}.")
        _MODELS[name] = cls
        return cls

    return add


def names() -> list[str]:
    """Returns the registered names."""
    return sorted(_MODELS)


def get(name: str) -> type[GenerativeModel]:
    """Returns the class of a model.

    Args:
        name: str. A registered name, or `"module:Class"` for any importable `GenerativeModel`.

    Raises:
        UserInputError: on an unknown name, or a module that cannot be imported.
    """
    if name in _MODELS:
        return _MODELS[name]
    module, colon, attribute = str(name).partition(":")
    if not colon:
        raise UserInputError(
            f"Unknown model {name!r}. Expected one of {names()}, or module:Class for one of your "
            f"own.{closest_name(str(name), _MODELS)}"
        )
    try:
        cls = getattr(importlib.import_module(module), attribute)
    except (
        Exception,
        SystemExit,
    ) as error:  # Anything can be wrong in a module that the user wrote.
        raise UserInputError(
            f"The model {name!r} cannot be imported: {type(error).__name__}: {error}. A module is "
            "found where its package is installed, in the current folder, or in a folder of the "
            "environment variable PYTHONPATH."
        ) from error
    if not (isinstance(cls, type) and issubclass(cls, GenerativeModel)):
        raise UserInputError(f"{name!r} is no subclass of tfgan_suite.training.GenerativeModel.")
    return cls


def presets(name: str) -> dict[str, dict]:
    """Returns the ready arguments of a model by preset name; each has one called "tiny"."""
    return get(name).presets


def arguments_of(name: str) -> list[str]:
    """Returns what the config of a model may hold beside its name.

    These are `preset` and the arguments of its constructor that are no networks.
    """
    cls = get(name)
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return ["preset", *(p.name for p in parameters if p.name not in cls.network_arguments)]


def build(config: Mapping) -> GenerativeModel:
    """Builds a model from its config.

    Args:
        config: mapping with the model's `name` and its arguments (see `arguments_of`). A `preset`
            gives those that are not set.

    Raises:
        UserInputError: on an unknown name or argument.

    Example:

    >>> build({"name": "dcgan", "image_size": 16, "channels": 1, "filters": 4}).latent_shape
    (100,)
    """
    config = dict(config)
    name = config.pop("name", None)
    cls = get(name)
    known = arguments_of(name)
    for argument in config:
        if argument not in known:
            raise UserInputError(
                f"The model {name!r} takes no argument {argument!r}; it takes {known}."
                f"{closest_name(argument, known)}"
            )
    ready = preset_of({"name": name, **config})
    config.pop("preset", None)
    return cls(**{**ready, **config})


def preset_of(config: Mapping) -> dict:
    """Returns the arguments that the `preset` of a model's config stands for; none without one.

    Raises:
        UserInputError: on an unknown name or preset.
    """
    name, preset = config.get("name"), config.get("preset")
    if preset is None:
        return {}
    known = presets(name)
    if preset not in known:
        raise UserInputError(
            f"The model {name!r} has no preset {preset!r}; it has {sorted(known)}."
            f"{closest_name(str(preset), known)}"
        )
    return known[preset]


def _home(cls):
    return cls.__module__, cls.__qualname__
