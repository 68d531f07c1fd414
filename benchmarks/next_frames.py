"""Held-out clips of a run of next_frame: how near predicted frames are to those that came.

Command:
  python -m benchmarks.next_frames --workdir=runs/next_frame
  python -m benchmarks.next_frames --workdir=runs/next_frame --setting="losses=L2" \\
      --append=tfgan_suite/models/next_frame/results.jsonl

Of each held-out clip the model sees the first frames and predicts `--ahead` more by recursion.
Figures are means over clips of each frame's own, of frame 1, 2 ... ahead: PSNR of whole frames,
SSIM of their luma, sharpness (`metrics.sharpness`), and the brightest pixel, from 0 to 1. So
are those of two predictions without a network: the last frame again, and each pixel changing on as
it did last.
"""

import numpy as np
from absl import flags

from benchmarks.frame_figures import BASELINES, FIGURES, UNITS, figures
from tfgan_suite import data, results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Clip
from tfgan_suite.models import NextFrame
from tfgan_suite.runs import Workdir, load

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "Name of a checkpoint; else the newest.")
_NUM = flags.DEFINE_integer("num", 100, "Held-out clips.", lower_bound=2)
_AHEAD = flags.DEFINE_integer("ahead", 5, "Frames to predict.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Which clips.", lower_bound=0)
_FIGURES = flags.DEFINE_list(
    "figures", ["psnr", "ssim", "sharpness"], f"Of {', '.join(FIGURES)}: what to measure."
)
_TABLE = flags.DEFINE_string("table", "next_frames", "Table of the lines.")
_APPEND = flags.DEFINE_string(
    "append", None, "Results file to add the figures of the first and the last frame to as lines."
)
_SETTING = flags.DEFINE_multi_string("setting", [], "KEY=VALUE, what tells the lines from others.")


def main(_):
    if _APPEND.value:
        results.read(_APPEND.value)  # an invalid file is reported before the work
    for name in _FIGURES.value:
        if name not in FIGURES:
            raise UserInputError(f"--figures: there is no {name!r}, but {', '.join(FIGURES)}.")
    config, model = load(_WORKDIR.value, _CHECKPOINT.value)
    if not isinstance(model, NextFrame):
        raise UserInputError(
            f"--workdir={_WORKDIR.value} holds a run of {config.model.name}; expected a model that "
            "predicts frames, next_frame."
        )
    whole = model.num_history + _AHEAD.value
    spec = {"clip": Clip(whole, *model.image_size, model.channels)}
    clips = data.heldout_batch(config.data.to_dict(), spec, _NUM.value, _SEED.value)["clip"]
    history, truth = clips[:, : model.num_history], clips[:, model.num_history :]
    setting = results.setting_of(_SETTING.value)
    lines = []
    predictions = {"": model.predict_frames(history, _AHEAD.value)}
    predictions |= {name: predict(history, _AHEAD.value) for name, predict in BASELINES.items()}
    for baseline, predicted in predictions.items():
        for name, by_time in figures(predicted, truth, _FIGURES.value).items():
            means = [float(np.mean(values)) for values in by_time]
            shown = " ".join(f"{mean:.4g}" for mean in means)
            print(f"{baseline or 'prediction'}: {name} {shown}", flush=True)
            for time in sorted({1, _AHEAD.value}):
                error = np.std(by_time[time - 1]) / np.sqrt(len(clips))
                metric = f"{name}_ahead_{time}_{len(clips)}"
                lines.append(
                    _line(
                        config,
                        model,
                        baseline,
                        setting,
                        metric,
                        means[time - 1],
                        round(float(error), 6),
                    )
                )
    if _APPEND.value:
        results.append(_APPEND.value, lines)


def _line(config, model, baseline, setting, metric, mean, error):
    if baseline:  # the same whatever was trained
        key = next(iter(setting), "losses")
        setting = {**setting, key: baseline}
    return results.Result(
        table=_TABLE.value,
        metric=metric,
        value=mean,
        unit=UNITS.get(metric.partition("_")[0]),
        interval=(mean - error, mean + error),
        interval_kind="standard error",
        setting=setting,
        seeds=None if baseline else (config.seed,),
        images_seen=None if baseline else int(model.images_seen.numpy()),
        seconds=None if baseline or _CHECKPOINT.value else Workdir(_WORKDIR.value).seconds_spent(),
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
