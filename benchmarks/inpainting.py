"""Held-out images of a run of the context encoder, filled by it and in other ways.

Command:
  python -m benchmarks.inpainting --workdir=runs/context
  python -m benchmarks.inpainting --workdir=runs/context --searched=runs/scenes \\
      --append=tfgan_suite/models/context_encoder/results.jsonl

Measured are the pixels of the hole alone: mean absolute difference to the truth in [-1, 1], PSNR
and sharpness, the mean difference of neighbouring pixels in grey levels, of the truth too. The hole
is filled by the mean colour of the pixels next to it, by the smoothest function that fits around it
(harmonic), by `--other`, another run of the context encoder, and by the search of
`tfgan_suite.editing.inpaint` in the latents of the run `--searched`, blended in: that takes seconds
for an image, so `--num_searched` of them are filled by every way and reported apart.
"""

import numpy as np
from absl import flags

from benchmarks import hole_figures
from tfgan_suite import data, editing, results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.drawing import write_drawing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import ContextEncoder
from tfgan_suite.models.translation import grid_of_columns
from tfgan_suite.runs import Workdir, load

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_OTHER = flags.DEFINE_string("other", None, "Folder of another run, of the same data.")
_SEARCHED = flags.DEFINE_string("searched", None, "Folder of a run whose latents are searched.")
_NUM = flags.DEFINE_integer("num", 500, "Held-out images.", lower_bound=2)
_NUM_SEARCHED = flags.DEFINE_integer("num_searched", 16, "Of them, to search for.", lower_bound=2)
_SEED = flags.DEFINE_integer("seed", 0, "Which images.", lower_bound=0)
_GRID = flags.DEFINE_string("grid", None, "PNG file to draw the first images into.")
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")
_SETTING = flags.DEFINE_multi_string("setting", [], "KEY=VALUE, what tells the lines from others.")

_DRAWN = 8
_ALIKE = ("image_size", "channels", "holes", "hole_size", "overlap")
_UNITS = {"hole_psnr": "dB", "hole_sharpness": "levels"}


def main(_):
    if _APPEND.value:
        results.read(_APPEND.value)  # an invalid file is reported before the work
    config, model = _context_encoder("workdir", _WORKDIR.value)
    truth = data.heldout_batch(config.data.to_dict(), model.batch_spec(), _NUM.value, _SEED.value)[
        "image"
    ]
    holes = _holes_of(model, len(truth))
    given = model.with_hole(truth, holes[..., None]).numpy()
    runs = {_name(model): (_WORKDIR.value, config, model)}
    if _OTHER.value:
        other_config, other = _context_encoder("other", _OTHER.value)
        sizes = [[one.arguments[key] for key in _ALIKE] for one in (model, other)]
        if sizes[0] != sizes[1]:
            raise UserInputError(
                f"--other differs from --workdir in {', '.join(_ALIKE)}: {sizes[1]} and {sizes[0]}."
            )
        runs[_name(other)] = (_OTHER.value, other_config, other)
    ways = {
        "the mean colour around it": hole_figures.mean_of_border(given, holes),
        "the smoothest": hole_figures.smoothest(given, holes),
        **{
            name: one.inpaint(given, holes if one.is_random else None)
            for name, (_, _, one) in runs.items()
        },
        "the truth": truth,
    }
    lines = _measured(ways, truth, holes, runs)
    if _SEARCHED.value:
        searched_run = load(_SEARCHED.value)
        num = min(_NUM_SEARCHED.value, len(given))
        searched = [
            editing.inpaint(searched_run[1], one, hole).image
            for one, hole in zip(given[:num], holes[:num], strict=True)
        ]
        name = f"{searched_run[0].model.name}, its latents searched"
        runs[name] = (_SEARCHED.value, *searched_run)
        ways = {name: np.stack(searched), **{way: images[:num] for way, images in ways.items()}}
        lines += _measured(ways, truth[:num], holes[:num], runs)
    if _GRID.value:
        columns = [images[:_DRAWN] for images in (given, *ways.values())]
        write_drawing(_GRID.value, grid_of_columns(*columns))
    if _APPEND.value:
        results.append(_APPEND.value, lines)


def _context_encoder(flag, workdir):
    config, model = load(workdir)
    if not isinstance(model, ContextEncoder):
        raise UserInputError(
            f"--{flag}={workdir} holds a run of {config.model.name}; expected context_encoder."
        )
    return config, model


def _name(model):
    return "context encoder" + ("" if model.adversarial_weight else ", no adversary")


def _holes_of(model, num):
    """Returns bool `[num, H, W]`."""
    if model.is_random:
        return model.random_holes(num, _SEED.value)[..., 0]
    return np.repeat(model.hole()[None, ..., 0], num, axis=0)


def _measured(ways, truth, holes, runs):
    """Prints the figures of each way and returns their lines."""
    lines = []
    for way, filled in ways.items():
        for metric, values in hole_figures.figures(filled, truth, holes).items():
            if way == "the truth" and metric != "hole_sharpness":
                continue
            mean = float(np.mean(values))
            error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
            metric = f"{metric}_{len(values)}"
            print(f"{way}: {metric} {mean:.4g} ± {error:.2g}", flush=True)
            lines.append(_line(way, metric, mean, error, *runs.get(way, (None, None, None))))
    return lines


def _line(way, metric, mean, error, workdir, config, model):
    setting = dict(part.partition("=")[::2] for part in _SETTING.value)
    return results.Result(
        table="holes",
        metric=metric,
        value=mean,
        unit=_UNITS.get(metric.rpartition("_")[0]),
        interval=(mean - error, mean + error),
        interval_kind="standard error",
        setting={**setting, "filled by": way},
        seeds=None if model is None else (config.seed,),
        images_seen=None if model is None else int(model.images_seen.numpy()),
        seconds=None if model is None else Workdir(workdir).seconds_spent() or None,
        machine=describe_machine(),
        commit=results.current_commit(),
        command=results.current_command(),
        protocol={"seed": _SEED.value},
    )


if __name__ == "__main__":
    run_program(main)
