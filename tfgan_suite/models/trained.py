"""Models that others begin with, from a file or the folder of a run."""

import json
from pathlib import Path

import keras

from tfgan_suite.errors import RunFailure, UserInputError, first_line
from tfgan_suite.files import read_text
from tfgan_suite.models import registry
from tfgan_suite.training import Checkpoints, GenerativeModel


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
        if not path.is_dir():
            return keras.models.load_model(path, compile=False)
        model = registry.build(json.loads(read_text(path / "config.json"))["config"]["model"])
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
