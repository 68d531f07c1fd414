"""The config of a run: its keys, how they are overridden, and what is refused.

A config file is a Python file with `get_config()` that returns `default_config()` with changes.
Every key can be overridden on the command line, `--config.KEY=VALUE`, nested ones with dots.
"""

import ast
import copy
import difflib
import inspect
import json
import runpy
import textwrap
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from tfgan_suite.errors import UserInputError, closest_name


class _Key(NamedTuple):
    default: Any
    doc: str
    minimum: int | None = None


_KEYS = {
    "seed": _Key(0, "Seed of the first weights, of all noise and of the order of the data.", 0),
    "model": _Key(
        {},
        "`name` of a registered model and any of its constructor's arguments.",
    ),
    "data": _Key(
        {},
        "`source` (shapes, gaussians, npz:FILE, folder:DIR, tfds:NAME) and options of the source.",
    ),
    "batch_size": _Key(64, "Examples in one step, over all devices.", 1),
    "images": _Key(
        100_000, "Examples to train on in all, rounded up to whole steps; may grow later.", 1
    ),
    "optimizers": _Key(
        {},
        "Empty: the model's own recipe. Else {player: {name: adam, learning_rate: 2e-4, ...}}, "
        "the names and arguments those of keras.optimizers.",
    ),
    "jit_compile": _Key(
        "auto", "XLA for the gradients: true, false, or auto for what was measured best."
    ),
    "steps_per_execution": _Key(1, "Steps run in one call of the compiled function.", 1),
    "log_every": _Key(10_000, "Images between two lines of metrics.jsonl.", 1),
    "sample_every": _Key(50_000, "Images between two sample grids.", 1),
    "checkpoint_every": _Key(50_000, "Images between two checkpoints.", 1),
    "keep_checkpoints": _Key(3, "Newest checkpoints to keep.", 1),
    "num_samples": _Key(64, "Samples in a grid.", 1),
}

# What a resumed run may change: these decide how long a run goes on and what it writes down, never
# what a step computes.
MAY_CHANGE = (
    "images",
    "log_every",
    "sample_every",
    "checkpoint_every",
    "keep_checkpoints",
    "num_samples",
)


def default_config() -> ConfigDict:
    """Returns a config with every key at its default value.

    `model.name` and `data.source` have none and must be given.
    """
    return ConfigDict({name: copy.deepcopy(key.default) for name, key in _KEYS.items()})


def describe_keys() -> str:
    """Returns one line of text per key: its name, what it means, its default."""
    lines = ["Config keys (--config.KEY=VALUE, nested: --config.model.KEY=VALUE):"]
    for name, key in _KEYS.items():
        default = f" (default: {key.default})" if key.default != {} else ""
        text = f"{name:<20}{key.doc}{default}"
        indent = " " * 22
        lines.append(textwrap.fill(text, 98, initial_indent="  ", subsequent_indent=indent))
    return "\n".join(lines)


def load_config(path: str | Path, overrides: Iterable[str] = ()) -> ConfigDict:
    """Reads a config file, applies overrides and checks the result.

    Args:
        path: A Python file that defines `get_config()`. `FILE.py:WORD` calls `get_config("WORD")`.
        overrides: `"KEY=VALUE"` texts; KEY may have dots, VALUE is a Python literal or a text.

    Returns:
        The complete, valid config.

    Raises:
        UserInputError: If the file cannot be read or run, or a key or value is wrong.

    Example:
        >>> config = load_config("launch/configs/gan_ring.py", ["batch_size=256"])
    """
    config = default_config()
    given = _run_config_file(str(path))
    for name in given:
        _check_name(name, _KEYS, "config key", f"in {path}")
    for name, value in given.items():
        _assign(config, name, value)
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise UserInputError(f"The override {override!r} is not of the form KEY=VALUE.")
        _override(config, key.split("."), _literal(text))
    validate(config)
    return config


def validate(config: ConfigDict) -> None:
    """Raises UserInputError for the first thing in `config` that cannot be run.

    Keys, types and ranges, the model's name and arguments, optimizers. Data options are checked by
    the data source when it is opened.
    """
    for name in config:
        _check_name(name, _KEYS, "config key")
    for name, key in _KEYS.items():
        if name not in config:
            raise UserInputError(f"The config lacks the key {name!r}: {key.doc}")
        if key.minimum is not None and config[name] < key.minimum:
            raise UserInputError(f"{name}={config[name]} must be at least {key.minimum}.")
    if config.jit_compile not in ("auto", True, False):
        raise UserInputError(f"jit_compile={config.jit_compile!r} must be auto, true or false.")
    if not isinstance(config.data.get("source"), str):
        raise UserInputError(
            "data.source is missing: give shapes, gaussians, npz:FILE, folder:DIR or tfds:NAME."
        )
    _validate_model(config.model)
    _validate_optimizers(config.optimizers)


def optimizers_to_compile(config: ConfigDict) -> dict[str, dict[str, Any]] | None:
    """Returns what `GenerativeModel.compile` takes; None stands for the model's own recipe."""
    return {
        player: {
            "class_name": settings["name"],
            "config": {key: value for key, value in settings.items() if key != "name"},
        }
        for player, settings in config.optimizers.to_dict().items()
    } or None


def to_json(config: ConfigDict) -> dict[str, Any]:
    """Returns the config as it reads back from JSON: plain dicts and lists."""
    return json.loads(json.dumps(config.to_dict()))


def from_json(values: Mapping[str, Any]) -> ConfigDict:
    """Returns the config that `to_json` made `values` of."""
    return ConfigDict(dict(values))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Returns one line for each key whose value is not the same in two configs in JSON form."""
    old, new = dict(_flatten(old)), dict(_flatten(new))
    return [
        f"{key}: {_shown(old, key)} -> {_shown(new, key)}"
        for key in dict.fromkeys([*old, *new])
        if key not in old or key not in new or old[key] != new[key]
    ]


def _shown(flat: Mapping[str, Any], key: str) -> str:
    return repr(flat[key]) if key in flat else "(not set)"


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flatten(value, f"{prefix}{key}.")
        elif value != {}:
            yield f"{prefix}{key}", value


def _run_config_file(path: str) -> ConfigDict:
    file, _, word = path.partition(":")
    if not Path(file).is_file():
        raise UserInputError(f"The config file {file!r} does not exist.{_neighbour(Path(file))}")
    try:
        get_config = runpy.run_path(file).get("get_config")
        config = get_config(*([word] if word else [])) if get_config else None
    except UserInputError:
        raise
    except Exception as error:  # Anything can be wrong in a file that the user wrote.
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
        place = f", line {frames[-1].lineno}" if frames else ""
        raise UserInputError(
            f"The config file {file!r} fails{place}: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(config, ConfigDict):
        raise UserInputError(
            f"The config file {file!r} must define get_config() that returns default_config() of "
            f"tfgan_suite.runs with changes; it gave {type(config).__name__}."
        )
    return config


def _neighbour(path: Path) -> str:
    siblings = [str(path.parent / other.name) for other in path.parent.glob("*.py")]
    matches = difflib.get_close_matches(str(path), siblings, n=1)
    return f" Did you mean {matches[0]!r}?" if matches else ""


def _literal(text: str) -> Any:
    spellings = {"true": True, "false": False, "none": None}
    if text.lower() in spellings:
        return spellings[text.lower()]
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


# config_flags of ml_collections does the same but cannot make a level that the file left out
# (--config.optimizers.generator.learning_rate) nor suggest a name.
def _override(config: ConfigDict, path: list[str], value: Any) -> None:
    _check_name(path[0], _KEYS, "config key")
    node = config
    for depth, name in enumerate(path[:-1]):
        if name not in node:
            node[name] = ConfigDict()
        if not isinstance(node[name], ConfigDict):
            raise UserInputError(
                f"{'.'.join(path)} cannot be set: {'.'.join(path[: depth + 1])} is "
                f"{node[name]!r} and has no parts."
            )
        node = node[name]
    _assign(node, path[-1], value, ".".join(path))


def _assign(node: ConfigDict, name: str, value: Any, full_name: str = "") -> None:
    known = node.get(name)
    # jit_compile is a word or a truth value; an argument that is None may become anything.
    free = known is None or name == "jit_compile"
    if isinstance(known, ConfigDict) and not isinstance(value, Mapping):
        raise UserInputError(
            f"{full_name or name}={value!r} is no group of keys. "
            f"Set its parts: {full_name or name}.KEY=VALUE."
        )
    if isinstance(value, Mapping):
        value = ConfigDict(dict(value))
    boolean_mixed = isinstance(known, bool) != isinstance(value, bool)
    try:
        if free or isinstance(known, ConfigDict):
            with node.ignore_type():
                node[name] = value
        elif boolean_mixed:
            raise TypeError
        else:
            node[name] = value
    except TypeError:
        raise UserInputError(
            f"{full_name or name}={value!r} is {type(value).__name__}, "
            f"expected {type(known).__name__} such as {known!r}."
        ) from None


def _check_name(name: str, known: Iterable[str], what: str, where: str = "") -> None:
    known = list(known)
    if name not in known:
        place = f" {where}" if where else ""
        raise UserInputError(
            f"There is no {what} {name!r}{place}.{closest_name(name, known)} "
            f"Known: {', '.join(known)}."
        )


def _arguments(function) -> list[str]:
    return [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        and name != "self"
    ]


def _validate_model(model: ConfigDict) -> None:
    from tfgan_suite import models

    if not isinstance(model.get("name"), str):
        raise UserInputError(f"model.name is missing. Known: {', '.join(models.names())}.")
    _check_name(model.name, models.names(), "model")
    accepted = _arguments(models.get(model.name).__init__)
    for name in model:
        if name != "name":
            _check_name(name, accepted, f"argument of the model {model.name!r}:")


def _validate_optimizers(optimizers: ConfigDict) -> None:
    import keras

    classes = {
        name.lower(): value
        for name, value in vars(keras.optimizers).items()
        if inspect.isclass(value) and issubclass(value, keras.optimizers.Optimizer)
    }
    del classes["optimizer"]
    for player, settings in optimizers.items():
        if not isinstance(settings, ConfigDict) or not isinstance(settings.get("name"), str):
            raise UserInputError(
                f"optimizers.{player} needs a name: --config.optimizers.{player}.name=adam."
            )
        _check_name(settings.name.lower(), classes, "optimizer")
        accepted = _arguments(classes[settings.name.lower()].__init__)
        for name in settings:
            if name != "name":
                _check_name(name, accepted, f"argument of the optimizer {settings.name!r}:")
