"""Every system of the package, by name."""

import inspect
from collections.abc import Mapping

import keras

from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.models import cyclegan, dcgan, gan, lsgan
from tfgan_suite.models.cyclegan import CycleGAN
from tfgan_suite.models.dcgan import DCGAN
from tfgan_suite.models.gan import GAN
from tfgan_suite.models.lsgan import LSGAN

__all__ = ["DCGAN", "GAN", "LSGAN", "CycleGAN", "build", "get", "names", "presets"]

_MODELS = {"gan": GAN, "dcgan": DCGAN, "lsgan": LSGAN, "cyclegan": CycleGAN}
_PRESETS = {
    "gan": gan.PRESETS,
    "dcgan": dcgan.PRESETS,
    "lsgan": lsgan.PRESETS,
    "cyclegan": cyclegan.PRESETS,
}


def names() -> list[str]:
    """Returns the names that `get` and `build` know."""
    return sorted(_MODELS)


def get(name: str) -> type:
    """Returns the class of a model.

    Raises:
        UserInputError: on an unknown name.
    """
    if name not in _MODELS:
        raise UserInputError(
            f"Unknown model {name!r}. Expected one of {names()}.{closest_name(str(name), _MODELS)}"
        )
    return _MODELS[name]


def presets(name: str) -> dict[str, dict]:
    """Returns the ready arguments of a model by preset name; each has one called "tiny"."""
    get(name)
    return _PRESETS[name]


def arguments_of(name: str) -> list[str]:
    """Returns what the config of a model may hold beside its name.

    These are `preset` and the arguments of its constructor that are no networks, with `networks`
    (a config for `networks.build_pair`) in place of a generator and a discriminator.
    """
    cls = get(name)
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    taken = [p.name for p in parameters if p.annotation not in (keras.Model, keras.Model | None)]
    by_networks = any(p.name == "generator" for p in parameters)
    return ["preset", *(["networks"] if by_networks else []), *taken]


def build(config: Mapping):
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
    preset = config.pop("preset", None)
    if preset is not None:
        if preset not in presets(name):
            raise UserInputError(
                f"The model {name!r} has no preset {preset!r}; it has {sorted(presets(name))}."
                f"{closest_name(str(preset), presets(name))}"
            )
        config = {**presets(name)[preset], **config}
    if "networks" in known:
        if "networks" not in config:
            raise UserInputError(
                f"The config of {name!r} needs `networks`, such as "
                '{"name": "mlp", "sample_shape": (28, 28, 1)}.'
            )
        return cls.from_networks(**config)
    return cls(**config)
