"""Does the square go where the dot goes? Recycle-GAN on clips against CycleGAN on shuffled frames.

Command:
  python -m benchmarks.retargeting --workdir=runs/retargeting
  python -m benchmarks.retargeting --workdir=runs/retargeting --append

Trains `launch/configs/recyclegan_dots.py` and its variants with every seed (a run that is there
already is only measured) and measures, on held-out frames, in each direction: how far the centroid
of the translation is from that of the frame it is made of (root of the mean square, in pixels), in
what share of the translations there is anything, how many of them have the other domain's colour,
and PSNR against the true counterpart. Of Recycle-GAN's predictors: mean squared and
absolute error of the third frame of held-out clips, in images in [-1, 1], and those of copying the
second one.
"""

from pathlib import Path

import numpy as np
from absl import flags

from benchmarks.retargeting_figures import following, prediction_errors, share_of_colour
from tfgan_suite import data, results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.metrics import psnr
from tfgan_suite.runs import Workdir, load_config, train

KINDS = {
    "paper": ("Recycle-GAN, squared distances", "21 x 21"),
    "code": ("Recycle-GAN, absolute distances", "21 x 21"),
    "cyclegan": ("CycleGAN, shuffled frames", "21 x 21"),
    "halving": ("Recycle-GAN, squared distances", "all"),
    "cyclegan_halving": ("CycleGAN, shuffled frames", "all"),
}
"""Of each kind of the config: the model, and the pixels that one of a translation sees."""

NUM = 500

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder for the runs.", required=True)
_APPEND = flags.DEFINE_bool(
    "append", False, "Add the figures to tfgan_suite/models/recyclegan/results.jsonl."
)
_KINDS = flags.DEFINE_multi_enum("kind", [], list(KINDS), "What to train. Unset: all.")
_SEEDS = flags.DEFINE_integer("seeds", 1, "Runs of each.", lower_bound=1)
_FIRST_SEED = flags.DEFINE_integer("first_seed", 0, "Seed of the first run.", lower_bound=0)


def main(_):
    for kind in _KINDS.value or KINDS:
        for seed in range(_FIRST_SEED.value, _FIRST_SEED.value + _SEEDS.value):
            config = load_config(f"launch/configs/recyclegan_dots.py:{kind}", [f"seed={seed}"])
            workdir = Path(_WORKDIR.value) / f"{kind}_{seed}"
            model = train(config, workdir)
            tables = {"retargeting": retargeting(model, config.data)}
            if hasattr(model, "predict_next"):
                clips = data.heldout_batch(config.data.to_dict(), model.batch_spec(), NUM, seed=0)
                errors = prediction_errors(model, clips)
                tables["predictors"] = {name: (value, None) for name, value in errors.items()}
            for table, figures in tables.items():
                shown = ", ".join(f"{name} {value:.4g}" for name, (value, _) in figures.items())
                print(f"{kind}, seed {seed}, {table}: {shown}", flush=True)
                if _APPEND.value:
                    _append(config, model, workdir, kind, table, figures)


def retargeting(model, data_config):
    """Returns the figures of the translators as `{metric: (value, unit)}`."""
    pairs = data.heldout_pairs(data_config.to_dict(), NUM, seed=0)
    figures = {}
    for direction, style, images, truth in (
        ("a_to_b", "square", pairs.a, pairs.a_in_b),
        ("b_to_a", "dot", pairs.b, pairs.b_in_a),
    ):
        translations = model.translate(images, direction)
        found = following(images, translations)
        figures[f"rmse_px_{direction}_{len(images)}"] = (found["rmse_px"], None)
        figures[f"shown_{direction}_{len(images)}"] = (found["found"], "share")
        colour = share_of_colour(translations, style)
        figures[f"right_colour_{direction}_{len(images)}"] = (colour, "share")
        decibels = float(np.mean(psnr(translations, truth)))
        figures[f"psnr_{direction}_{len(images)}"] = (decibels, "dB")
    return figures


def _append(config, model, workdir, kind, table, figures):
    name, seen = KINDS[kind]
    lines = [
        results.Result(
            table=table,
            metric=metric,
            value=value,
            unit=unit,
            setting={"model": name, "translators see": seen, "seed": config.seed},
            seeds=(config.seed,),
            images_seen=int(model.images_seen.numpy()),
            seconds=round(Workdir(workdir).seconds_spent(), 1),
            machine=describe_machine(),
            commit=results.current_commit(),
            command=results.current_command(),
            protocol={"weights": "moving average", "data_seed": 0},
        )
        for metric, (value, unit) in figures.items()
        if np.isfinite(value)
    ]
    file = results.ROOT / "tfgan_suite/models/recyclegan" / results.FILE
    results.append(file, lines)


if __name__ == "__main__":
    run_program(main)
