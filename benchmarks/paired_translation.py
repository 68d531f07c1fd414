"""Held-out pairs of a run of pix2pix or BicycleGAN: distances of answers to truth and each other.

Command:
  python -m benchmarks.paired_translation --workdir=runs/pix2pix --squeezenet=squeezenet.npz
  python -m benchmarks.paired_translation --workdir=runs/pix2pix --squeezenet=squeezenet.npz \\
      --setting="objective=L1 + cGAN" --append=tfgan_suite/models/pix2pix/results.jsonl

Each held-out a is answered with one seed and compared with its b: mean absolute difference of
pixels in [-1, 1], PSNR, squeezenet distance (`metrics.PerceptualDistance`). Diversity is the
squeezenet distance between answers to one a with two seeds. Of BicycleGAN also: the difference of b
to what is made of its own latents. `--untranslated` compares a itself.
"""

import numpy as np
from absl import flags

from benchmarks.pair_figures import figures
from tfgan_suite import data, results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import PerceptualDistance
from tfgan_suite.runs import Workdir, load

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_SQUEEZENET = flags.DEFINE_string(
    "squeezenet", None, "npz file of SqueezeNet 1.0's ImageNet weights.", required=True
)
_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "Name of a checkpoint; else the newest.")
_NUM = flags.DEFINE_integer("num", 200, "Held-out pairs.", lower_bound=2)
_SEED = flags.DEFINE_integer("seed", 0, "Which pairs, and which seeds of answers.", lower_bound=0)
_UNTRANSLATED = flags.DEFINE_bool(
    "untranslated", False, "Measure a itself in the place of answers."
)
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")
_SETTING = flags.DEFINE_multi_string("setting", [], "KEY=VALUE, what tells the lines from others.")

_UNITS = {"psnr": "dB"}


def main(_):
    if _APPEND.value:
        results.read(_APPEND.value)  # an invalid file is reported before the work
    distance = PerceptualDistance(_SQUEEZENET.value)
    config, model = load(_WORKDIR.value, _CHECKPOINT.value)
    spec = model.batch_spec()
    if not isinstance(spec, dict) or set(spec) != {"a", "b"}:
        raise UserInputError(
            f"--workdir={_WORKDIR.value} holds a run of {config.model.name}; expected a model that "
            "learns from pairs a and b, such as pix2pix."
        )
    pairs = data.heldout_batch(config.data.to_dict(), spec, _NUM.value, _SEED.value)
    a, b = pairs["a"], pairs["b"]
    answers, others = a, None
    if not _UNTRANSLATED.value:
        seeds = 2 * len(a) * _SEED.value + np.arange(len(a))
        answers, others = model.translate(a, seeds), model.translate(a, seeds + len(a))
    found = figures(answers, others, b, distance)
    if hasattr(model, "encode") and not _UNTRANSLATED.value:
        again = model.translate_with(a, model.encode(b))
        found["l1_of_encoded"] = np.abs(again - b).mean(axis=(1, 2, 3))
    lines = []
    for name, values in found.items():
        mean, error = float(np.mean(values)), float(np.std(values) / np.sqrt(len(values)))
        if not np.isfinite(mean):
            continue  # PSNR of an image that equals the truth
        print(f"{name}_{len(a)}: {mean:.4g} ± {error:.2g}", flush=True)
        lines.append(_line(config, model, f"{name}_{len(a)}", _UNITS.get(name), mean, error))
    if _APPEND.value:
        results.append(_APPEND.value, lines)


def _line(config, model, metric, unit, mean, error):
    is_trained = not _UNTRANSLATED.value
    return results.Result(
        table="heldout_pairs",
        metric=metric,
        value=mean,
        unit=unit,
        interval=(mean - error, mean + error),
        interval_kind="standard error",
        setting=results.setting_of(_SETTING.value),
        seeds=(config.seed,) if is_trained else None,
        images_seen=int(model.images_seen.numpy()) if is_trained else None,
        seconds=Workdir(_WORKDIR.value).seconds_spent()
        if is_trained and not _CHECKPOINT.value
        else None,
        machine=describe_machine(),
        commit=results.current_commit(),
        command=results.current_command(),
        protocol={
            "data": config.data.source.rpartition("/")[2],
            "seed": _SEED.value,
            "weights": "as trained" if model.ema_half_life is None else "moving average",
        },
    )


if __name__ == "__main__":
    run_program(main)
