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

from ml_collections import ConfigDict, FieldReference

from tfgan_suite.errors import UserInputError, closest_name


class _Key(NamedTuple):
    default: Any
    doc: str
    minimum: int | None = None
    maximum: int = 10**11  # the folders of checkpoints are named by twelve digits


MAX_SAMPLES = 10_000
"""Samples that a grid may have: it is made in one piece."""

_KEYS = {
    "seed": _Key(
        0,
        "Seed of the first weights, of all noise and of the order of the data, below 2 ** 32.",
        0,
        2**32 - 1,
    ),
    "model": _Key(
        {},
        "`name` of a registered model and any of its constructor's arguments.",
    ),
    "data": _Key(
        {},
        "`source` (npz:FILE, folder:DIR, tfds:NAME, or shapes, gaussians, eyes, dots ... made in "
        "code) and options of the source. "
        "`size` and `channels` default to those of the model's images.",
    ),
    "batch_size": _Key(64, "Examples in one step, over all devices.", 1),
    "images": _Key(
        100_000, "Examples to train on in all, rounded up to whole steps; may grow later.", 1
    ),
    "optimizers": _Key(
        {},
        "Empty: the model's own recipe. {player: {learning_rate: 1e-4, ...}} changes some of its "
        "arguments; with a `name` (adam, sgd, ... and the arguments of keras.optimizers) the "
        "player gets that optimizer instead, with Keras' defaults. learning_rate may be {name: "
        "constant_then_linear, learning_rate: ..., constant_images: ..., decay_images: ...}, "
        "{name: exponential_to_floor, learning_rate: ..., decay_rate: ..., decay_images: ..., "
        "floor: ...} or {name: piecewise_constant, learning_rates: [...], boundaries: [...]}. "
        "--dry_run shows what comes out.",
    ),
    "jit_compile": _Key(
        "auto", "XLA for the gradients: true, false, or auto for what was measured best."
    ),
    "accumulate_steps": _Key(
        1, "Parts in which an update goes through its batch, for batches that do not fit.", 1
    ),
    "precision": _Key(
        "float32",
        "float32, or mixed_bfloat16: networks compute in bfloat16, weights stay float32.",
    ),
    "steps_per_execution": _Key(1, "Steps run in one call of the compiled function.", 1),
    "log_every": _Key(10_000, "Images between two lines of metrics.jsonl.", 1),
    "sample_every": _Key(50_000, "Images between two sample grids.", 1),
    "checkpoint_every": _Key(50_000, "Images between two checkpoints.", 1),
    "keep_checkpoints": _Key(3, "Newest checkpoints to keep.", 1),
    "num_samples": _Key(64, "Samples in a grid.", 1, MAX_SAMPLES),
}

PRECISIONS = ("float32", "mixed_bfloat16")

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
    defaults = {name: copy.deepcopy(key.default) for name, key in _KEYS.items()}
    # A word or a truth value: ConfigDict would hold it to the type of its default.
    defaults["jit_compile"] = FieldReference(defaults["jit_compile"], field_type=object)
    return ConfigDict(defaults)


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
        check_name(name, _KEYS, "config key", f"in {path}")
    for name, value in given.items():
        _assign(config, name, value)
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise UserInputError(f"The override {override!r} is not of the form KEY=VALUE.")
        _override(config, key.split("."), literal(text))
    validate(config)
    return config


def validate(config: ConfigDict) -> None:
    """Raises UserInputError for the first thing in `config` that cannot be run.

    Keys, types and ranges, the model's name and arguments, optimizers. Data options are checked by
    the data source when it is opened.
    """
    values = to_json(config)
    for name in values:
        check_name(name, _KEYS, "config key")
    for name, key in _KEYS.items():
        if name not in values:
            raise UserInputError(f"The config lacks the key {name!r}: {key.doc}")
        kind, value = type(key.default), values[name]
        if name != "jit_compile" and type(value) is not kind:
            raise UserInputError(
                f"{name}={value!r} is {type(value).__name__}, expected {kind.__name__}."
            )
        if key.minimum is not None and not key.minimum <= value <= key.maximum:
            raise UserInputError(
                f"{name}={value} must be at least {key.minimum} and at most {key.maximum}."
            )
    jit_compile = values["jit_compile"]
    if jit_compile != "auto" and not isinstance(jit_compile, bool):
        raise UserInputError(f"jit_compile={jit_compile!r} must be auto, true or false.")
    if config.precision not in PRECISIONS:
        reason = (
            " float16 needs a loss scale, which skips steps that other replicas take."
            if config.precision == "mixed_float16"
            else closest_name(config.precision, PRECISIONS)
        )
        raise UserInputError(
            f"precision={config.precision!r} must be one of {', '.join(PRECISIONS)}.{reason}"
        )
    if not isinstance(config.data.get("source"), str):
        raise UserInputError(
            "data.source is missing: give shapes, gaussians, npz:FILE, folder:DIR or tfds:NAME."
        )
    _validate_model(config.model)
    _validate_optimizers(config.optimizers)


def to_json(config: ConfigDict) -> dict[str, Any]:
    """Returns the config as it reads back from JSON: plain dicts and lists."""
    try:
        return json.loads(json.dumps(config.to_dict()))
    except (TypeError, ValueError) as error:
        raise UserInputError(
            f"A config holds numbers, texts, lists and groups of these only: {error}."
        ) from error


def from_json(values: Mapping[str, Any]) -> ConfigDict:
    """Returns the config that `to_json` made `values` of."""
    try:
        return ConfigDict(dict(values))
    except (TypeError, ValueError) as error:  # a key with a dot, say
        raise UserInputError(f"This is no config: {error}") from error


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
    except (Exception, SystemExit) as error:  # Anything can be wrong in a file that the user wrote.
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


def literal(text: str) -> Any:
    """Returns the value that a `KEY=VALUE` text means: a Python literal, or else the text."""
    spellings = {"true": True, "false": False, "none": None}
    if text.lower() in spellings:
        return spellings[text.lower()]
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # the last two: nested deeply
        return text


# config_flags of ml_collections does the same but cannot make a level that the file left out
# (--config.optimizers.generator.learning_rate) nor suggest a name.
def _override(config: ConfigDict, path: list[str], value: Any) -> None:
    check_name(path[0], _KEYS, "config key")
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
    full_name = full_name or name
    known = node.get(name)
    if isinstance(value, dict):
        value = ConfigDict(value)
    if isinstance(known, ConfigDict) and not isinstance(value, ConfigDict):
        raise UserInputError(
            f"{full_name}={value!r} is no group of keys. Set its parts: {full_name}.KEY=VALUE."
        )
    # A value that was None may become anything; jit_compile is a word or a truth value.
    if known is None or full_name == "jit_compile" or isinstance(known, ConfigDict):
        with node.ignore_type():
            node[name] = value
        return
    try:
        if isinstance(known, bool) != isinstance(value, bool):  # ConfigDict takes True for 1
            raise TypeError
        node[name] = value
    except TypeError:
        raise UserInputError(
            f"{full_name}={value!r} is {type(value).__name__}, "
            f"expected {type(known).__name__} such as {known!r}."
        ) from None


def check_name(name: str, known: Iterable[str], what: str, where: str = "") -> None:
    """Raises UserInputError, with the nearest name, if `name` is not among the known ones."""
    known = list(known)
    if name not in known:
        place = f" {where}" if where else ""
        raise UserInputError(
            f"There is no {what} {name!r}{place}.{closest_name(name, known)} "
            f"Known: {', '.join(known)}."
        )


def _validate_model(model: ConfigDict) -> None:
    from tfgan_suite import models

    if not isinstance(model.get("name"), str):
        raise UserInputError(f"model.name is missing. Known: {', '.join(models.names())}.")
    models.get(model.name)
    for name in model:
        if name != "name":
            check_name(name, models.arguments_of(model.name), f"argument of {model.name!r}")


def _validate_optimizers(optimizers: ConfigDict) -> None:
    for player, settings in to_json(ConfigDict({"optimizers": optimizers}))["optimizers"].items():
        what = f"optimizers.{player}"
        if not isinstance(settings, dict):
            raise UserInputError(
                f"{what}={settings!r} is no group of keys. Set its parts: "
                f"--config.{what}.learning_rate=1e-4."
            )
        if "name" in settings:
            check_optimizer(what, settings)


def check_optimizer(what: str, settings: Mapping[str, Any]) -> None:
    """Raises UserInputError if a player's named optimizer has unknown or lacks needed arguments."""
    _check_named(settings, optimizer_classes(), "optimizer", what)
    if isinstance(settings.get("learning_rate"), dict):
        _check_named(settings["learning_rate"], schedules(), "schedule", f"{what}.learning_rate")


def _check_named(
    settings: Mapping[str, Any], classes: Mapping[str, type], kind: str, what: str
) -> None:
    name = settings.get("name")
    if not isinstance(name, str):
        raise UserInputError(
            f"{what} needs the name of its {kind}: --config.{what}.name={next(iter(classes))}."
        )
    check_name(name, classes, kind)
    parameters = inspect.signature(classes[name].__init__).parameters.values()
    accepted = [p for p in parameters if p.name != "self" and p.kind != p.VAR_KEYWORD]
    for argument in settings:
        if argument == "name":
            continue
        check_name(argument, [p.name for p in accepted], f"argument of {name!r}")
        value = settings[argument]
        is_schedule = argument == "learning_rate" and isinstance(value, dict)
        parts = value if kind == "schedule" and isinstance(value, (list, tuple)) else [value]
        if not is_schedule and any(not isinstance(v, int | float | None) for v in parts):
            raise UserInputError(f"{what}.{argument}={value!r} must be a number.")
    for parameter in accepted:
        if parameter.default is parameter.empty and parameter.name not in settings:
            raise UserInputError(
                f"{what} lacks {parameter.name}, which {name!r} needs: "
                f"--config.{what}.{parameter.name}=..."
            )


def optimizer_classes() -> dict[str, type]:
    """Returns the optimizers of Keras that a config may name."""
    import keras

    # Wrappers around other optimizers are no player's recipe.
    names = "adam adamw adamax nadam sgd rmsprop adagrad adadelta adafactor lion".split()
    classes = {name.lower(): value for name, value in vars(keras.optimizers).items()}
    return {name: classes[name] for name in names}


def schedules() -> dict[str, type]:
    """Returns the schedules of learning rates that a config may name."""
    from tfgan_suite.training import ConstantThenLinear, ExponentialToFloor, PiecewiseConstant

    return {
        "constant_then_linear": ConstantThenLinear,
        "exponential_to_floor": ExponentialToFloor,
        "piecewise_constant": PiecewiseConstant,
    }
