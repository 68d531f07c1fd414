"""Seconds of the first step in each stage of a training, beside the first step of the training.

Command:
  python -m benchmarks.stage_steps --model=progan:small_64 --model=stylegan:small_64

A stage is traced when it begins, so its first step takes longer than the next ones. Every stage is
made four steps long and trained on noise. A step's time is from the end of the one before to its
own end; that of the first one begins when `fit` does, with the optimizers built.
"""

import time

import keras
import numpy as np
from absl import flags

from benchmarks.cases import with_preset
from tfgan_suite import models, results, testing
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine

_MODEL = flags.DEFINE_multi_string(
    "model", ["progan:small_64"], "NAME:PRESET of a model that grows."
)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 16, "Examples in a step.", lower_bound=1)
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")

_STEPS = 4  # of a stage


class _Times(keras.callbacks.Callback):
    """Takes the time of each step, and the stage that it ended in."""

    def on_train_begin(self, logs=None):
        self.seconds, self.stages, self._last = [], [], time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        self.seconds.append(now - self._last)
        self.stages.append(self.model.stage.name)
        self._last = time.perf_counter()


def main(_):
    print("| model | stage | its first step | others | of the training's first step |")
    print("|---|---|---|---|---|", flush=True)
    for name in map(with_preset, _MODEL.value):
        lines = []
        for stage, first, other, ratio in measure(name, _BATCH_SIZE.value):
            print(f"| {name} | {stage} | {first:.2f} s | {other:.2f} s | {ratio:.2f} |", flush=True)
            lines += [
                _line(name, stage, "first_step_of_stage", first, "s"),
                _line(name, stage, "of_first_step_of_training", ratio, None),
            ]
        if _APPEND.value:
            results.append(_APPEND.value, lines)


def measure(name, batch):
    """Yields stage, seconds of its first step, median of the others, ratio to the first of all."""
    model_name, _, preset = name.rpartition(":")
    stage_images = {"stable_images": _STEPS * batch, "fade_images": _STEPS * batch}
    model = models.build({"name": model_name, "preset": preset, **stage_images})
    model.compile()
    num = batch * _STEPS * len(model.stages.all)
    times = _Times()
    model.fit(testing.random_batch(model, num), batch_size=batch, verbose=0, callbacks=[times])
    seconds, stages = np.array(times.seconds), np.array(times.stages)
    for stage in dict.fromkeys(times.stages):
        first, *others = seconds[stages == stage]
        yield stage, first, np.median(others), first / seconds[0]


def _line(model, stage, metric, value, unit):
    return results.Result(
        table="stage_steps",
        metric=metric,
        value=float(value),
        unit=unit,
        setting={"model": model, "stage": stage, "batch": _BATCH_SIZE.value},
        machine=describe_machine(),
        commit=results.current_commit(),
        command=results.current_command(),
    )


if __name__ == "__main__":
    run_program(main)
