"""Milliseconds of a training step, plain and with XLA, and of the same in PyTorch.

Command (PyTorch is needed for its column only: pip install '.[benchmarks]'):
  python -m benchmarks.train_step --peer=torch
  python -m benchmarks.train_step --case=dcgan_32 --case=dcgan_64

Each way of a case runs in a process of its own on the first `--threads` processors, with as many
threads; they take turns in short rounds. A step ends when its losses have been read back. Batches
are one batch of noise, held in memory. Printed are the median of all steps, in brackets their 10th
and 90th percentile, images/s by the median, and the seconds from building the model to the end of
the first step.
"""

import importlib.util
import os
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks.steps import package_step
from benchmarks.timing import Job, spread
from tfgan_suite.cli import run_program
from tfgan_suite.errors import UserInputError
from tfgan_suite.runs import default_config, load_config

CONFIGS = Path(__file__).parents[1] / "launch/configs"


def _config(batch_size, **model):
    config = default_config()
    config.model, config.batch_size = model, batch_size
    config.data.source = "shapes"  # not read: batches are noise
    return config


#: Runs' configs of what is measured, by name.
CASES = {
    "dcgan_32": lambda: _config(64, name="dcgan", image_size=32, filters=64, kernel_size=4),
    "dcgan_64": lambda: _config(64, name="dcgan", preset="torch_64"),
    "cyclegan_64": lambda: _config(4, name="cyclegan", image_size=64, filters=32, num_blocks=6),
    "cyclegan_shapes": lambda: load_config(CONFIGS / "cyclegan_shapes.py"),
    "gan_mnist": lambda: load_config(CONFIGS / "gan_mnist.py"),
    "lsgan_ring": lambda: load_config(CONFIGS / "lsgan_ring.py"),
}

_CASE = flags.DEFINE_multi_enum("case", list(CASES), list(CASES), "What to measure.")
_PEER = flags.DEFINE_enum("peer", None, ["torch"], "Measure this library too.")
_THREADS = flags.DEFINE_integer("threads", 2, "Processors of each way.", lower_bound=1)
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Turns of each way.", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 4.0, "Length of a turn, about.", lower_bound=0.0)


def main(_):
    if _PEER.value and not importlib.util.find_spec(_PEER.value):
        raise UserInputError(
            "--peer=torch needs PyTorch, which is not installed: pip install '.[benchmarks]'"
        )
    ways = {"plain": here, "XLA": here_by_xla, **({"PyTorch": in_torch} if _PEER.value else {})}
    columns = [*ways, *(f"first step, {way}" for way in ways)]
    print(f"| case | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}", flush=True)
    for name in _CASE.value:
        batch = CASES[name]().batch_size
        times, first_steps = measure(name, ways.values())
        cells = [_shown(spread(seconds), batch) for seconds in times]
        cells += [f"{seconds:.1f} s" for seconds in first_steps]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _shown(times, batch):
    median, low, high = (1e3 * seconds for seconds in times)
    return f"{median:.1f} ({low:.1f}, {high:.1f}) ms, {batch / times.median:.0f} images/s"


def measure(name, ways):
    """Returns the seconds of the steps of each way, and those up to its first step."""
    processors = sorted(os.sched_getaffinity(0))[: _THREADS.value]
    jobs = []
    try:
        for way in ways:
            jobs.append(Job(way, name, processors=[set(processors)]))
        times = [[] for _ in jobs]
        for _round in range(_ROUNDS.value):
            for job, seconds in zip(jobs, times, strict=True):
                enough = max(
                    3, round(_SECONDS.value / np.median(seconds or job.round(3)[0].seconds))
                )
                seconds += job.round(enough)[0].seconds
    finally:
        for job in jobs:
            job.close()
    return times, [job.first_step for job in jobs]


def here(name, jit_compile=False):
    """Returns a function that takes one step of a case by this package."""
    import tensorflow as tf

    from tfgan_suite.runs.training import build

    config = CASES[name]()
    # One step a call: a step's end is seen from outside of the call only.
    config.jit_compile, config.steps_per_execution = jit_compile, 1
    model = build(config, tf.distribute.get_strategy())[1]
    return package_step(model, config.batch_size)


def here_by_xla(name):
    return here(name, jit_compile=True)


def in_torch(name):
    """Returns a function that takes one step of a case by PyTorch."""
    import torch

    from benchmarks.peers.pytorch import training_step

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    config = CASES[name]()
    return training_step(config.model.to_dict(), config.batch_size)


if __name__ == "__main__":
    run_program(main)
