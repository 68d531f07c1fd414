"""The folder that holds everything about a run."""

import contextlib
import errno
import fcntl
import json
import math
import os
import socket
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.files import PART, read_text, sync, write_whole
from tfgan_suite.models.trained import DESCRIPTION, borrowed
from tfgan_suite.runs import config as run_config
from tfgan_suite.training import Checkpoints

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_PUT_BACK = "Put back a copy of it, or start anew with another workdir."


class Workdir:
    """The files of one run.

        config.json      the resolved config, and the machine settings that decide rounding
        model.json       the model as it was built, where it began with another run or file
        metrics.jsonl    one line per log interval; the same in every run of the same config
        speed.jsonl      one line per log interval: images/s, seconds in all, memory
        samples/         <images>.png, of clips <images>.gif too
        tensorboard/     the metrics and the sample grids
        checkpoints/     the newest ones
        rollbacks.jsonl  one line each time that the run went back behind a non-finite number
        .lock            held while a process trains here

    Args:
        path: Folder of the run. It need not exist.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.config_file = self.path / "config.json"
        self.model_file = self.path / DESCRIPTION
        self.metrics_file = self.path / "metrics.jsonl"
        self.speed_file = self.path / "speed.jsonl"
        self.rollbacks_file = self.path / "rollbacks.jsonl"
        self.samples = self.path / "samples"
        self.tensorboard = self.path / "tensorboard"
        self.checkpoints = self.path / "checkpoints"
        self._lock_file = self.path / ".lock"

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Makes the folder and keeps other trainings out of it inside the `with` block.

        The system lets go of the lock when the process ends, however it ends. A folder in which
        no run was begun is left without the lock, and goes when it is empty.

        Raises:
            UserInputError: If another process holds the lock.
            RunFailure: If the folder cannot be written.
        """
        with self._locked():
            try:
                yield
            finally:
                if not self.config_file.exists():
                    with contextlib.suppress(OSError):
                        self._lock_file.unlink()
                        self.path.rmdir()

    def _locked(self):
        if self.path.exists() and not self.path.is_dir():
            raise UserInputError(f"--workdir={self.path} is a file, not a folder.")
        with contextlib.ExitStack() as stack:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                file = stack.enter_context(open(self._lock_file, "a+"))
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not _is_at(file, self._lock_file):
                    # Its holder removed the file between the two lines above.
                    return self._locked()
                file.truncate(0)
                file.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
                file.flush()
            except BlockingIOError as error:
                raise UserInputError(
                    f"--workdir={self.path} is in use: {self._holder()} trains there. Wait for "
                    "it, stop it, or give another workdir."
                ) from error
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise RunFailure(f"--workdir={self.path} cannot be written: {error}") from error
                warnings.warn(
                    f"The file system of {self.path} has no locks ({error}): nothing keeps a "
                    "second training out of this folder.",
                    stacklevel=2,
                )
            return stack.pop_all()

    def _holder(self):
        try:
            holder = json.loads(read_text(self._lock_file))
            return f"process {holder['pid']} on {holder['host']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"

    def clean(self) -> None:
        """Removes what a killed process left half-written. The lock must be held."""
        for folder in (self.path, self.samples):
            for part in folder.glob(f".*{PART}"):
                part.unlink()

    def check(
        self,
        config: Mapping[str, Any],
        resolve: Callable[[dict[str, Any]], Mapping[str, Any]] = dict,
    ) -> list[str]:
        """Refuses a folder that `config` cannot be run in; writes nothing.

        Args:
            config: The resolved config in JSON form.
            resolve: Resolves the config of the run that is there, for the same model.

        Returns:
            The changes to the config of the run that is there, one line each; all of them may be
            made: any, as long as it has no checkpoint. Empty for a new run.

        Raises:
            UserInputError: If the folder holds something else, another model's run, or a run whose
                config differs in what the steps compute.
            RunFailure: If config.json is damaged or the run's checkpoints are gone.
        """
        if not self.path.exists():
            return []
        if not self.path.is_dir():
            raise UserInputError(f"--workdir={self.path} is a file, not a folder.")
        if not self.config_file.exists():
            # A run that was killed before its config was complete leaves hidden files only.
            if any(not entry.name.startswith(".") for entry in self.path.iterdir()):
                raise UserInputError(
                    f"--workdir={self.path} is not empty and holds no run (no config.json). "
                    "Give a new or empty folder."
                )
            return []
        old = self.read_config()
        if not Checkpoints(self.checkpoints).names():
            self._refuse_lost_checkpoints(old)
            return run_config.differences(old, config)
        names = [c["model"]["name"] for c in (old, config)]
        if names[0] != names[1]:
            raise UserInputError(
                f"--workdir={self.path} holds a run of the model {names[0]!r}, the config asks for "
                f"{names[1]!r}. Give another workdir."
            )
        changes = run_config.differences(resolve(old), config)
        refused = [c for c in changes if c.split(":")[0] not in run_config.MAY_CHANGE]
        if refused:
            raise UserInputError(
                f"--workdir={self.path} holds a run with another config:\n  "
                + "\n  ".join(refused)
                + "\nGive the same config to resume it, or another workdir for a new run. A "
                f"resumed run may change only: {', '.join(run_config.MAY_CHANGE)}."
            )
        if config["images"] < old["images"]:
            raise UserInputError(
                f"images may grow but not shrink: {old['images']} -> {config['images']} in "
                f"--workdir={self.path}."
            )
        return changes

    def write_config(self, config: Mapping[str, Any], machine: Mapping[str, Any]) -> None:
        """Writes config.json in one piece."""
        text = json.dumps({"config": config, "machine": machine}, indent=2) + "\n"
        write_whole(self.config_file, text.encode())

    def write_model(self, description: bytes | None) -> None:
        """Writes model.json in one piece; None: a model that began with no other has none."""
        if description is None:
            self.model_file.unlink(missing_ok=True)
        else:
            write_whole(self.model_file, description)

    def keeps_model(self, arguments: Mapping[str, Any]) -> bool:
        """Tells whether a model of this config can be built from what the folder holds.

        Args:
            arguments: config of the model. Where it begins with other files than the run that is
                there, or where that has no checkpoint, these files are read anew.
        """
        if not (self.model_file.exists() and Checkpoints(self.checkpoints).names()):
            return False
        old = self.read_config()["model"]
        return old["name"] == arguments["name"] and borrowed(old) == borrowed(arguments)

    def read_config(self) -> dict[str, Any]:
        """Returns the config of the run that is there, in JSON form.

        Keys that came with a later version of the package have their defaults.

        Raises:
            UserInputError: If the folder holds no run.
            RunFailure: If config.json cannot be read or holds no valid config.
        """
        defaults = run_config.to_json(run_config.default_config())
        config = {**defaults, **self._read("config")}
        try:
            run_config.validate(run_config.from_json(config))
        except UserInputError as error:
            raise RunFailure(f"{self.config_file} is damaged: {error} {_PUT_BACK}") from error
        return config

    def read_machine(self) -> dict[str, Any]:
        """Returns the machine settings that the run was last started with."""
        return self._read("machine")

    def _read(self, part):
        if not self.config_file.exists():
            raise UserInputError(
                f"--workdir={self.path} holds no run: there is no {self.config_file}."
            )
        try:
            content = json.loads(read_text(self.config_file))[part]
            if not isinstance(content, dict):
                raise TypeError(f"{part} is {content!r}")
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise RunFailure(
                f"{self.config_file} is damaged ({type(error).__name__}: {error}). {_PUT_BACK}"
            ) from error
        return content

    def cut_back(self, images: int, rollbacks: int) -> None:
        """Removes what a run that goes on from `images` makes again, and lines that are damaged.

        Args:
            images: Metrics and samples of after these go.
            rollbacks: How many lines of rollbacks.jsonl stay.
        """
        _filter_lines(self.metrics_file, lambda number, line: _images(line, above=images) <= images)
        _filter_lines(self.rollbacks_file, lambda number, line: number < rollbacks)
        for image in [*self.samples.glob("*.png"), *self.samples.glob("*.gif")]:
            if image.stem.isdecimal() and int(image.stem) > images:
                image.unlink()

    def sync(self) -> None:
        """Waits until the disk has all that was written, so that a power loss cannot take it."""
        for path in (self.metrics_file, self.speed_file, self.rollbacks_file, self.samples):
            if path.exists():
                sync(path)
        sync(self.path)

    def seconds_spent(self) -> float:
        """Returns the seconds that all sittings of this run have trained, from speed.jsonl."""
        seconds = [line.get("seconds") for line in _lines(self.speed_file)]
        return max((value for value in seconds if _is_number(value)), default=0.0)

    def images_logged(self) -> int:
        """Returns the images of the last line of metrics.jsonl; 0 where there is none."""
        return max((_images(line) for line in _lines(self.metrics_file)), default=0)

    def metrics_at(self, images: int) -> dict[str, Any] | None:
        """Returns the last line of metrics.jsonl up to `images` images, or None."""
        lines = _lines(self.metrics_file)
        return max(
            (line for line in lines if 0 <= _images(line) <= images), key=_images, default=None
        )

    def _refuse_lost_checkpoints(self, config):
        """Raises RunFailure when a run without checkpoints must have had some.

        It would start again from nothing, over the metrics and samples that are there.
        """
        logged = self.images_logged()
        per_step = max(config["batch_size"], self._images_per_step())
        first = config["checkpoint_every"] + per_step * config["steps_per_execution"]
        if logged >= first:
            raise RunFailure(
                f"{self.checkpoints} holds no checkpoint, but {self.metrics_file} tells of "
                f"{logged:,} images and the first checkpoint came before {first:,}. Put the "
                "checkpoints back, or start anew with another workdir."
            )

    def _images_per_step(self):
        """Returns the most images that a step took by metrics.jsonl: some take several batches."""
        points = sorted(
            (_images(line), line.get("step"))
            for line in _lines(self.metrics_file)
            if type(line.get("step")) is int
        )
        between = zip([(0, 0), *points], points, strict=False)
        rates = [-(-(b - a) // (t - s)) for (a, s), (b, t) in between if t > s]
        return max(rates, default=0)

    def sample_file(self, images: int) -> Path:
        """Returns where the grid after `images` images belongs."""
        return self.samples / f"{images:012d}.png"


def append_line(path: Path, values: Mapping[str, Any]) -> None:
    """Appends one JSON object as a line."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")


def _filter_lines(path: Path, keep: Callable[[int, dict[str, Any]], bool]) -> None:
    if not path.exists():
        return
    text = _text(path)
    lines = [(line, _parsed(line)) for line in text.splitlines()]
    sound = [(line, values) for line, values in lines if values is not None]
    kept = "".join(f"{line}\n" for i, (line, values) in enumerate(sound) if keep(i, values))
    if kept != text:
        write_whole(path, kept.encode())


def _is_at(file, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    lines = map(_parsed, _text(path).splitlines())
    return [line for line in lines if line is not None]


def _text(path: Path) -> str:
    try:
        return read_text(path, errors="replace")
    except OSError as error:
        raise RunFailure(f"{path} cannot be read: {error}. Move it away.") from error


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None  # the last line of a run that was killed while it wrote, or a damaged one
    return values if isinstance(values, dict) else None


def _images(line: Mapping[str, Any], above: int = -1) -> int:
    """Returns the images that a log line is of; one more than `above` if it does not tell."""
    images = line.get("images")
    return images if isinstance(images, int) and not isinstance(images, bool) else above + 1


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf
