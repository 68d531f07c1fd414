"""The folder that holds everything about a run."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.runs import config as run_config


class Workdir:
    """The files of one run.

        config.json      the resolved config, and the machine settings that decide rounding
        metrics.jsonl    one line per log interval; the same in every run of the same config
        speed.jsonl      one line per log interval: images/s, seconds in all, memory
        samples/         <images>.png
        tensorboard/     the metrics and the sample grids
        checkpoints/     the newest ones

    Args:
        path: Folder of the run. It need not exist.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.config_file = self.path / "config.json"
        self.metrics_file = self.path / "metrics.jsonl"
        self.speed_file = self.path / "speed.jsonl"
        self.samples = self.path / "samples"
        self.tensorboard = self.path / "tensorboard"
        self.checkpoints = self.path / "checkpoints"

    def check(self, config: Mapping[str, Any]) -> list[str]:
        """Refuses a folder that `config` cannot be run in; writes nothing.

        Args:
            config: The config in JSON form.

        Returns:
            The changes to the config of the run that is there, one line each; all of them may be
            made. Empty for a new run.

        Raises:
            UserInputError: If the folder holds something else, another model's run, or a run whose
                config differs in what the steps compute.
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
        names = [str(c.get("model", {}).get("name")) for c in (old, config)]
        if names[0] != names[1]:
            raise UserInputError(
                f"--workdir={self.path} holds a run of the model {names[0]!r}, the config asks for "
                f"{names[1]!r}. Give another workdir."
            )
        changes = run_config.differences(old, config)
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
        """Makes the folder and writes config.json in one piece."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"config": config, "machine": machine}, indent=2) + "\n"
            write_whole(self.config_file, text.encode())
        except OSError as error:
            raise RunFailure(f"--workdir={self.path} cannot be written: {error}") from error

    def read_config(self) -> dict[str, Any]:
        """Returns the config of the run that is there, in JSON form.

        Keys that came with a later version of the package have their defaults.
        """
        defaults = run_config.to_json(run_config.default_config())
        return {**defaults, **self._read()["config"]}

    def read_machine(self) -> dict[str, Any]:
        """Returns the machine settings that the run was last started with."""
        return self._read()["machine"]

    def _read(self):
        if not self.config_file.exists():
            raise UserInputError(
                f"--workdir={self.path} holds no run: there is no {self.config_file}."
            )
        try:
            content = json.loads(self.config_file.read_text())
            return {"config": dict(content["config"]), "machine": dict(content["machine"])}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunFailure(
                f"{self.config_file} is damaged ({type(error).__name__}: {error})."
            ) from error

    def cut_back(self, images: int) -> None:
        """Removes metrics and samples of after `images`, which the resumed run makes again."""
        if self.metrics_file.exists():
            lines = self.metrics_file.read_text().splitlines()
            kept = list(_sound_until(lines, images))
            if kept != lines:
                write_whole(self.metrics_file, "".join(f"{line}\n" for line in kept).encode())
        for picture in self.samples.glob("*.png"):
            if picture.stem.isdigit() and int(picture.stem) > images:
                picture.unlink()

    def seconds_spent(self) -> float:
        """Returns the seconds that all sittings of this run have trained, from speed.jsonl."""
        if not self.speed_file.exists():
            return 0.0
        lines = [_parsed(line) for line in self.speed_file.read_text().splitlines()]
        return max((line.get("seconds", 0.0) for line in lines if line), default=0.0)

    def sample_file(self, images: int) -> Path:
        """Returns where the grid after `images` images belongs."""
        return self.samples / f"{images:012d}.png"


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file beside `path` and renames it, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    try:
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def append_line(path: Path, values: Mapping[str, Any]) -> None:
    """Appends one JSON object as a line."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")


def _sound_until(lines: Iterable[str], images: int) -> Iterable[str]:
    for line in lines:
        values = _parsed(line)
        if values is None or values["images"] > images:
            return
        yield line


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        values = json.loads(line)
    except ValueError:
        return None  # the last line of a run that was killed while it wrote
    return values if isinstance(values, dict) else None
