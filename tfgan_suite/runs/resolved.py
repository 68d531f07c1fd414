"""What a config leaves to its model, filled in: so config.json and --dry_run show what is run."""

import copy
import inspect
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from ml_collections import ConfigDict

from tfgan_suite.data import options_of
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import flat
from tfgan_suite.runs import config as run_config
from tfgan_suite.training import GenerativeModel


def resolved(config: ConfigDict, model: GenerativeModel) -> ConfigDict:
    """Returns the config with what it leaves to the model filled in.

    These are `data.size` and `data.channels`, where the source takes them and all of the model's
    images, clips, masks and volumes have one side or one number of channels; and all optimizers,
    with the model's recipe as their base.

    Args:
        config: A valid config.
        model: The model that it describes.

    Raises:
        UserInputError: If an optimizer cannot be made as the config says.
    """
    values = run_config.to_json(config)
    known = options_of(config.data.source)
    for option, value in _image_options(model).items():
        if option in known and values["data"].get(option) is None:
            values["data"][option] = value
    values["optimizers"] = _optimizers(values, model)
    return run_config.from_json(values)


def optimizers_to_compile(config: ConfigDict) -> dict[str, dict[str, Any]]:
    """Returns what `GenerativeModel.compile` takes, from a resolved config."""
    optimizers = run_config.to_json(config)["optimizers"]
    return {player: _identifier(settings) for player, settings in optimizers.items()}


def _image_options(model):
    shapes = {field.image_shape for field in flat(model.batch_spec()).values()} - {None}
    sides = {side for shape in shapes for side in shape[:2]}
    channels = {shape[2] for shape in shapes} - {None}
    return {
        **({"size": sides.pop()} if len(sides) == 1 else {}),
        **({"channels": channels.pop()} if channels in ({1}, {3}) else {}),
    }


def _optimizers(values, model):
    recipe = {player: _described(made) for player, made in model.default_optimizers().items()}
    changes = values["optimizers"]
    for player in changes:
        run_config.check_name(player, recipe, f"player of the model {values['model']['name']!r}:")
    return {
        player: _described(_made(f"optimizers.{player}", _merged(base, changes.get(player, {}))))
        for player, base in recipe.items()
    }


def _merged(base, changes):
    """Returns a player's recipe with changes; one with a name of its own stands alone."""
    if "name" in changes:
        return changes
    settings = {**base, **changes}
    rate, base_rate = settings["learning_rate"], base["learning_rate"]
    if isinstance(rate, dict) and isinstance(base_rate, dict) and "name" not in rate:
        settings["learning_rate"] = {**base_rate, **rate}
    return settings


def _made(what, settings):
    run_config.check_optimizer(what, settings)
    try:
        return keras.optimizers.get(_identifier(settings))
    except UserInputError:
        raise
    except Exception as error:  # Keras checks some arguments; others fail where they are used.
        raise UserInputError(f"{what}={settings} cannot be made: {error}") from error


def _identifier(settings: Mapping[str, Any]) -> dict[str, Any]:
    settings = copy.deepcopy(dict(settings))
    rate = settings.get("learning_rate")
    if isinstance(rate, dict):
        settings["learning_rate"] = run_config.schedules()[rate.pop("name")](**rate)
    return {"class_name": settings.pop("name"), "config": settings}


def _described(optimizer) -> dict[str, Any]:
    """Returns an optimizer as a config has it: what every optimizer takes only where it is set."""
    names = {cls: name for name, cls in run_config.optimizer_classes().items()}
    parameters = {cls: inspect.signature(cls.__init__).parameters for cls in names}
    shared = set.intersection(*map(set, parameters.values()))
    defaults = parameters[type(optimizer)]
    settings = optimizer.get_config()
    return {
        "name": names[type(optimizer)],
        "learning_rate": _described_rate(settings.pop("learning_rate")),
        **{
            name: value
            for name, value in settings.items()
            if name != "name"
            and value is not None
            and (name not in shared or value != defaults[name].default)
        },
    }


def _described_rate(rate):
    if not isinstance(rate, dict):
        return float(str(np.float32(rate)))  # 0.0002, not the 0.00019999999494757503 of float32
    names = {cls.__name__: name for name, cls in run_config.schedules().items()}
    return {"name": names[rate["class_name"]], **rate["config"]}
