"""How much memory and time `launch.upscale` takes for one large image.

Command:
  python -m benchmarks.upscaling --preset=srresnet
  python -m benchmarks.upscaling --workdir=runs/srgan \\
      --append=tfgan_suite/models/srgan/results.jsonl

Starts the program twice, as a user does: for an image of 16 pixels a side, which shows what
libraries and network take, and for one of `--size`. Printed is the most memory that each process
has held, and how long the second took for its image, its file included and the loading left out. A
preset has random weights, which take the same time.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from absl import flags
from PIL import Image

from tfgan_suite import results
from tfgan_suite.cli import run_program
from tfgan_suite.errors import RunFailure, UserInputError

_PRESET = flags.DEFINE_string("preset", None, "Name of a preset of srgan.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a run, in its place.")
_SIZE = flags.DEFINE_integer("size", 1000, "Side of the image.", lower_bound=17)
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")

SMALL = 16


def main(_):
    if (_PRESET.value is None) == (_WORKDIR.value is None):
        raise UserInputError("Give --preset=NAME or --workdir=RUN, one of the two.")
    if _APPEND.value:
        results.read(_APPEND.value)  # an invalid file is reported before the work
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        model, network = _model(folder)
        small, _ = upscaled(folder, SMALL, model)
        print(f"{network}: {SMALL} pixels a side at {small / 2**20:,.0f} MB", flush=True)
        large, seconds = upscaled(folder, _SIZE.value, model)
    lines = [
        _line(network, f"peak_memory_{SMALL}", small / 2**20, "MB"),
        _line(network, f"peak_memory_{_SIZE.value}", large / 2**20, "MB"),
        _line(network, f"upscaling_time_{_SIZE.value}", seconds, "s"),
    ]
    for line in lines:
        print(f"{network}: {line.metric} {line.shown()}", flush=True)
    if _APPEND.value:
        results.append(_APPEND.value, lines)


def _model(folder) -> tuple[str, str]:
    """Returns the flag that names the model, and what the table calls it."""
    from tfgan_suite import models, runs

    if _WORKDIR.value:
        model = runs.load(_WORKDIR.value)[1]
    else:
        model = models.build({"name": "srgan", "preset": _PRESET.value, "features": None})
        model.compile()
        model.save(folder / "model.keras")
    if not hasattr(model, "upscaling_function"):
        raise UserInputError(f"--workdir={_WORKDIR.value} holds no run of srgan.")
    blocks, filters = (model.arguments[name] for name in ("num_blocks", "filters"))
    name = f"{model.arguments['architecture']}, {blocks} blocks of {filters}"
    given = f"--workdir={_WORKDIR.value}" if _WORKDIR.value else f"--model={folder}/model.keras"
    return given, name


def upscaled(folder: Path, size: int, model: str) -> tuple[int, float]:
    """Enlarges an image of noise; returns the program's peak memory in bytes and its seconds.

    Raises:
        RunFailure: the program failed.
    """
    images = folder / f"images_{size}"
    images.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
    Image.fromarray(noise).save(images / "noise.png")
    command = [sys.executable, "-m", "launch.upscale", f"--in={images}", model]
    with open(folder / f"log_{size}", "w+") as log:
        process = subprocess.Popen(
            [*command, f"--out={folder / 'made'}"], stdout=log, stderr=log, cwd=results.ROOT
        )
        _, status, usage = os.wait4(process.pid, 0)
        log.seek(0)
        text = log.read()
    process.returncode = os.waitstatus_to_exitcode(status)
    found = re.search(r"noise\.png: .*, ([\d.]+) s", text)
    if process.returncode or not found:
        last = (text.strip().splitlines() or ["it wrote nothing"])[-1]
        raise RunFailure(f"launch.upscale ended with {process.returncode}: {last}")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), float(found[1])


def _line(network, metric, value, unit):
    from tfgan_suite.cluster.devices import describe_machine

    return results.Result(
        table="upscaling",
        metric=metric,
        value=value,
        unit=unit,
        setting={"network": network},
        machine=describe_machine(),
        commit=results.current_commit(),
        command=results.current_command(),
    )


if __name__ == "__main__":
    run_program(main)
