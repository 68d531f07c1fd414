"""Models that others begin with, from a file or the folder of a run.

A model may take something over from another one, such as the text encoder of a `CaptionEncoder`.
Its run keeps a description of the model as it was built then, so that it can be built again when
the other one is gone; the weights are those of the run's own checkpoints.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import keras

from tfgan_suite.errors import RunFailure, UserInputError, first_line
from tfgan_suite.files import read_text
from tfgan_suite.models import registry
from tfgan_suite.training import Checkpoints, GenerativeModel

DESCRIPTION = "model.json"
"""In the folder of a run: the model as it was built, where it took something over."""

_SEAL = "sha256"  # of the rest of the description


def borrowed(arguments: Mapping) -> dict[str, str]:
    """Returns which files or runs of other models a model begins with, by argument.

    Args:
        arguments: the config of the model, as `registry.build` takes it.
    """
    given = {**registry.preset_of(arguments), **arguments}
    names = registry.get(given.get("name")).borrowed_arguments
    return {name: given[name] for name in names if given.get(name) is not None}


def description(model: GenerativeModel) -> bytes:
    """Returns what `build_of_run` builds the model again from: its class and arguments, as JSON."""
    described = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    return json.dumps({"model": described, _SEAL: _seal(described)}).encode()


def _seal(described):
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def build_of_run(folder: str | Path, arguments: Mapping) -> GenerativeModel:
    """Builds the model of a run, with its first weights; without what it once took over.

    Args:
        folder: of the run.
        arguments: the config of the model.

    Raises:
        UserInputError: the model cannot be built as the config says.
        RunFailure: the description of the model in the folder cannot be read.
    """
    file = Path(folder) / DESCRIPTION
    begun_with = borrowed(arguments)
    if not begun_with or not file.exists():
        return registry.build(arguments)
    try:
        described = json.loads(read_text(file))
        if described[_SEAL] != _seal(described["model"]):
            raise ValueError("it changed since it was written")
        model = keras.saving.deserialize_keras_object(described["model"])
        if not isinstance(model, registry.get(arguments["name"])):
            raise TypeError(f"it describes {model!r}"[:200])
        return model
    except Exception as error:  # a damaged file leads Keras to nearly any of them
        given = ", ".join(f"{name}={path}" for name, path in begun_with.items())
        raise RunFailure(
            f"{file} is damaged ({type(error).__name__}: {first_line(error)}). Put a copy of it "
            f"back, or remove it if what the model began with is still there: {given}."
        ) from error


def trained_model(argument: str, path: str | Path, what: str) -> GenerativeModel:
    """Returns the model of a `.keras` file, or that of a run's newest checkpoint.

    Args:
        argument: name of what the path was given as, for errors.
        path: the file, or the folder of the run.
        what: words for the model that is expected: "a CaptionEncoder".

    Raises:
        UserInputError: it cannot be read, or has no checkpoint.
        RunFailure: none of its checkpoints is sound.
    """
    if not isinstance(path, str | Path):
        raise UserInputError(
            f"{argument} must be the path of the .keras file or of the run of {what}, not {path!r}."
        )
    path = Path(path)
    try:
        if not path.exists():
            raise FileNotFoundError("there is no such file or folder")
        if not path.is_dir():
            return keras.models.load_model(path, compile=False)
        model = build_of_run(path, json.loads(read_text(path / "config.json"))["config"]["model"])
        if Checkpoints(path / "checkpoints").restore(model) is None:
            raise UserInputError(f"{argument}={path} has no checkpoint yet: train it.")
        return model
    except RunFailure:
        raise
    except Exception as error:  # a damaged file leads zipfile and Keras to nearly any of them
        raise UserInputError(
            f"{argument}={path} cannot be read: {first_line(error)}. Expected the .keras file or "
            f"the folder of the run of {what}."
        ) from error
