"""Held-out images of a run of SRGAN, made small and enlarged again: distances to the truth.

Command:
  python -m benchmarks.super_resolution --workdir=runs/srgan --squeezenet=squeezenet.npz
  python -m benchmarks.super_resolution --workdir=runs/srgan --srresnet=000000060000 \\
      --squeezenet=squeezenet.npz --append=tfgan_suite/models/srgan/results.jsonl

Enlarged are the images by nearest pixels, bicubically, by the checkpoint `--srresnet`, usually of
the end of the stage "pixels", and by the newest checkpoint. Measured are PSNR and SSIM of luma
without the border (`metrics.luma`), squeezenet distance (`metrics.PerceptualDistance`) and
sharpness, the mean difference of neighbouring pixels in grey levels, of the truth too. With
`--data` the images are others than those that the run held out.
"""

from pathlib import Path

import numpy as np
from absl import flags

from benchmarks import enlarging
from tfgan_suite import data, results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.drawing import ImageGrid, write_drawing
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image
from tfgan_suite.metrics import PerceptualDistance
from tfgan_suite.models import SRGAN
from tfgan_suite.models.translation import grid_of_columns
from tfgan_suite.runs import Workdir, load

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_SRRESNET = flags.DEFINE_string(
    "srresnet", None, "Name of a checkpoint of the run, or folder of another, to measure too."
)
_SQUEEZENET = flags.DEFINE_string(
    "squeezenet", None, "npz file of SqueezeNet 1.0's ImageNet weights.", required=True
)
_NUM = flags.DEFINE_integer("num", 200, "Held-out images, at most.", lower_bound=2)
_SIZE = flags.DEFINE_integer(
    "size", 256, "Side of the true images; multiples of the scale.", lower_bound=32
)
_DATA = flags.DEFINE_string(
    "data", None, "folder:DIR of other images than the run's; a tenth of them is measured."
)
_SEED = flags.DEFINE_integer("seed", 0, "Which images.", lower_bound=0)
_GRID = flags.DEFINE_string("grid", None, "PNG file to draw parts of the first images into.")
_TABLE = flags.DEFINE_string("table", "super_resolution", "Table of the lines.")
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")
_SETTING = flags.DEFINE_multi_string("setting", [], "KEY=VALUE, what tells the lines from others.")

_DRAWN, _PART = 6, 96  # images of a grid, and side of what is shown of each

_UNITS = {"y_psnr": "dB", "sharpness": "levels"}


def main(_):
    if _APPEND.value:
        results.read(_APPEND.value)  # an invalid file is reported before the work
    distance = PerceptualDistance(_SQUEEZENET.value)
    config, model = load(_WORKDIR.value)
    if not isinstance(model, SRGAN):
        raise UserInputError(
            f"--workdir={_WORKDIR.value} holds a run of {config.model.name}; expected srgan."
        )
    low, high = heldout(config, model)
    print(f"{len(high)} held-out images of {_SIZE.value} pixels", flush=True)
    ways = {
        "nearest": (enlarging.nearest(low, model.scale), None),
        "bicubic": (enlarging.bicubic(low, model.scale), None),
    }
    if _SRRESNET.value:
        is_run = Path(_SRRESNET.value).is_dir()
        earlier = load(*([_SRRESNET.value] if is_run else [_WORKDIR.value, _SRRESNET.value]))[1]
        ways["SRResNet"] = (earlier.upscale(low), earlier)
    is_rrdb = model.arguments["architecture"] == "rrdb"
    names = ("RRDBNet", "ESRGAN") if is_rrdb else ("SRResNet", "SRGAN")
    ways[names[model.stage.name != "pixels"]] = (model.upscale(low), model)
    ways["the truth"] = (high, None)
    if _GRID.value:
        write_drawing(_GRID.value, grid([enlarged for enlarged, _ in ways.values()]))
    lines = []
    for name, (enlarged, made_by) in ways.items():
        for metric, values in enlarging.figures(enlarged, high, distance).items():
            mean, error = float(np.mean(values)), float(np.std(values) / np.sqrt(len(values)))
            if name == "the truth" and metric != "sharpness":
                continue
            print(f"{name}: {metric}_{len(high)}: {mean:.4g} ± {error:.2g}", flush=True)
            lines.append(_line(config, name, made_by, f"{metric}_{len(high)}", mean, error))
    if _APPEND.value:
        results.append(_APPEND.value, lines)


def heldout(config, model):
    """Returns held-out images, made small, and as they are."""
    size = _SIZE.value
    if size % model.scale:
        raise UserInputError(f"--size={size} must be a multiple of the scale, {model.scale}.")
    options = {key: value for key, value in config.data.to_dict().items() if key != "load_size"}
    if _DATA.value:
        options = {"source": _DATA.value, "test_fraction": 0.1}
    high = Image(size, size, model.channels)
    small = Image(size // model.scale, size // model.scale, model.channels)
    spec = {"high": high, "low": small.downscaled("high", model.scale)}
    batch = data.heldout_batch({**options, "size": size}, spec, _NUM.value, _SEED.value)
    return batch["low"], batch["high"]


def grid(columns) -> ImageGrid:
    """Returns a drawing of the middle of the first images, a column for each way."""
    start = [max(0, (side - _PART) // 2) for side in columns[0].shape[1:3]]
    rows, places = (slice(first, first + _PART) for first in start)
    return grid_of_columns(*(images[:_DRAWN, rows, places] for images in columns))


def _line(config, name, model, metric, mean, error):
    setting = results.setting_of(_SETTING.value)
    return results.Result(
        table=_TABLE.value,
        metric=metric,
        value=mean,
        unit=next((unit for key, unit in _UNITS.items() if metric.startswith(key)), None),
        interval=(mean - error, mean + error),
        interval_kind="standard error",
        setting={**setting, "enlarged by": name},
        seeds=None if model is None else (config.seed,),
        images_seen=None if model is None else int(model.images_seen.numpy()),
        seconds=Workdir(_WORKDIR.value).seconds_spent() or None if name.endswith("GAN") else None,
        machine=describe_machine(),
        commit=results.current_commit(),
        command=results.current_command(),
        protocol={
            "data": (_DATA.value or config.data.source).rpartition("/")[2],
            "size": _SIZE.value,
            "seed": _SEED.value,
        },
    )


if __name__ == "__main__":
    run_program(main)
