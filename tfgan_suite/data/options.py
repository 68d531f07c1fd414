"""Checks of the values in a data config."""

import inspect
from collections.abc import Callable, Iterable, Mapping

from tfgan_suite.errors import UserInputError, closest_name


def check_known(options: Iterable[str], known: Iterable[str], where: str):
    """Refuses an option that `where` does not have, and suggests the nearest."""
    known = sorted(known)
    for name in options:
        if name not in known:
            raise UserInputError(
                f"{where} has no option {name!r}.{closest_name(name, known)} "
                f"Its options are: {', '.join(known)}."
            )


def keyword_names(function: Callable) -> list[str]:
    """Names of a function's keyword-only arguments: the options of a source."""
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]


def whole_number(name: str, value, minimum: int, maximum: int | None = None) -> int:
    """Checks an integer option, bounds included."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise UserInputError(f"{name} must be a whole number of at least {minimum}, not {value!r}.")
    if maximum is not None and value > maximum:
        raise UserInputError(f"{name} must be a whole number up to {maximum:,}, not {value!r}.")
    return value


def number(name: str, value, minimum: float, maximum: float) -> float:
    """Checks a real option, bounds included."""
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not real or not minimum <= value <= maximum:
        raise UserInputError(
            f"{name} must be a number from {minimum:g} to {maximum:g}, not {value!r}."
        )
    return float(value)


def flag(name: str, value) -> bool:
    """Checks an option that is on or off."""
    if not isinstance(value, bool):
        raise UserInputError(f"{name} must be True or False, not {value!r}.")
    return value


def num_drawn(split: str, seed, num_examples, num_test) -> int:
    """Checks these options of a source that draws its examples; returns how many the split has."""
    whole_number("seed", seed, 0)
    whole_number("num_examples", num_examples, 1, 10_000_000)
    whole_number("num_test", num_test, 1, 10_000_000)
    return num_examples if split == "train" else num_test


def text(name: str, value) -> str:
    """Checks an option that is a name of something."""
    if not isinstance(value, str) or not value:
        raise UserInputError(f"{name} must be a name, not {value!r}.")
    return value


def one_of(name: str, value, choices: Iterable):
    """Checks an option that takes one of a few values."""
    choices = list(choices)
    if value not in choices:
        guess = closest_name(value, map(str, choices)) if isinstance(value, str) else ""
        raise UserInputError(
            f"{name} must be one of {', '.join(map(repr, choices))}, not {value!r}.{guess}"
        )
    return value


def as_dict(data_config: Mapping) -> dict:
    """Copies a data config, a `Mapping` or `ml_collections.ConfigDict`, without unset options."""
    options = {name: data_config[name] for name in data_config}
    return {name: value for name, value in options.items() if value is not None}
