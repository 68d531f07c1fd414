"""Milliseconds of a training step, plain and with XLA, and of the same in PyTorch.

Command (PyTorch is needed for its lines only: pip install '.[benchmarks]'):
  python -m benchmarks.train_step --peer=torch
  python -m benchmarks.train_step --case=dcgan_32 --case=dcgan_64
  python -m benchmarks.train_step --model=cgan:projection_mnist --batch_size=64

Each way of a case runs in a process of its own on the first `--threads` processors, with as many
threads; they take turns in short rounds. A step ends when its losses have been read back. Batches
are one batch of noise, held in memory. Models that grow are measured in their first stage. The
networks and steps of PyTorch are `benchmarks.peers`.

Printed are, for each way: the median of all steps, in brackets their 10th and 90th percentile;
images/s by the median; the operations of a step's matrix products and convolutions
(`benchmarks.flops`); their rate as a share of the best that this machine reached in the same
minutes, with as many threads, in products of 2048 x 2048 matrices; the most memory that the process
held, libraries included; and the seconds from building the model to the end of the first step.
"""

import os
from typing import NamedTuple

import numpy as np
from absl import flags

from benchmarks import flops, peers
from benchmarks.cases import CASES, config_of, here, here_by_xla, in_torch, with_preset
from benchmarks.flops import MATRIX_FLOPS, step_flops
from benchmarks.timing import Job, spread
from tfgan_suite import models, results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine

_CASE = flags.DEFINE_multi_enum(
    "case", [], list(CASES), "What to measure. Unset, and no --model: all of them."
)
_MODEL = flags.DEFINE_multi_string(
    "model", [], "NAME or NAME:PRESET of a model to measure; NAME takes its first preset."
)
_BATCH_SIZE = flags.DEFINE_integer(
    "batch_size", 64, "Examples in a step of --model.", lower_bound=1
)
_PEER = flags.DEFINE_enum("peer", None, ["torch"], "Measure this library too.")
_XLA = flags.DEFINE_bool("xla", True, "Measure steps compiled by XLA too.")
_THREADS = flags.DEFINE_integer("threads", 2, "Processors of each way.", lower_bound=1)
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Turns of each way.", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 4.0, "Length of a turn, about.", lower_bound=0.0)
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")

WAYS = {"plain": here, "xla": here_by_xla, "pytorch": in_torch}
_FEWEST_STEPS = 2  # of a turn


class Measured(NamedTuple):
    """What one way of a case needs."""

    seconds: list[float]  # of each step
    first_step: float  # seconds, from building the model on
    peak_bytes: int


def main(_):
    if _APPEND.value:
        results.read(_APPEND.value)  # an invalid file is reported before the work
    chosen = {"plain": True, "xla": _XLA.value, "pytorch": bool(_PEER.value)}
    ways = {name: way for name, way in WAYS.items() if chosen[name]}
    cases = [*_CASE.value, *map(with_preset, _MODEL.value)] or list(CASES)
    if _PEER.value:
        peers.check([config_of(case, 1).model.name for case in cases])
    print(
        "| case | way | a step | images/s | operations | of the best product | peak memory "
        "| first step |\n|---|---|---|---|---|---|---|---|",
        flush=True,
    )
    for case in cases:
        batch = config_of(case, _BATCH_SIZE.value).batch_size
        step_operations = operations(case, batch)
        *measured, product = measure(
            [*ways.values(), matrix_product],
            case,
            batch,
            _THREADS.value,
            _ROUNDS.value,
            _SECONDS.value,
        )
        best = MATRIX_FLOPS / min(product.seconds)
        lines = []
        for way, figures in zip(ways, measured, strict=True):
            lines += lines_of(case, way, batch, figures, step_operations, best, _THREADS.value)
            print(f"| {case} | {way} | {' | '.join(_shown(lines, way))} |", flush=True)
        if _APPEND.value:
            results.append(_APPEND.value, lines)


def _shown(lines, way):
    """Returns the cells of a way: all its figures, in the order of `lines_of`."""
    return [line.shown() for line in lines if line.metric.endswith(f"_{way}")]


def lines_of(case, way, batch, figures: Measured, flops, best, threads) -> list[results.Result]:
    """Returns the lines of one way of a case, for `tfgan_suite.results`.

    Args:
        case: its name.
        way: name of the library or of how it compiles.
        batch: examples in a step.
        figures: what was measured.
        flops: operations of a step.
        best: operations per second of the fastest matrix product.
        threads: of each way.
    """
    median, low, high = spread(figures.seconds)
    shared = {
        "table": "train_step",
        "setting": {"case": case, "batch": batch},
        "command": results.current_command(),
        "commit": results.current_commit(),
        "machine": f"{describe_machine()}, {threads} threads, products of {best / 1e9:.0f} GFLOP/s",
    }

    def line(metric, value, unit, **more):
        return results.Result(metric=f"{metric}_{way}", value=value, unit=unit, **shared, **more)

    interval = {
        "interval": (1e3 * low, 1e3 * high),
        "interval_kind": "10th to 90th percentile",
    }
    return [
        line("step", 1e3 * median, "ms", **interval),
        line("images_per_s", batch / median, "images/s"),
        line("operations", flops / 1e9, "GFLOP"),
        line("share_of_best_product", flops / median / best, "share"),
        line("peak_memory", figures.peak_bytes / 2**20, "MB"),
        line("first_step", figures.first_step, "s"),
    ]


def measure(ways, case, batch_size, threads, rounds, seconds) -> list[Measured]:
    """Measures the ways of a case by turns.

    Args:
        ways: functions of a module from case and batch size to a function that takes a step.
        case: name of a case or NAME:PRESET.
        batch_size: examples in a step.
        threads: processors of each way.
        rounds: turns of each way.
        seconds: length of a turn, about.

    Returns:
        One `Measured` for each way.
    """
    processors = set(sorted(os.sched_getaffinity(0))[:threads])
    jobs = []
    try:
        for way in ways:
            jobs.append(Job(way, case, batch_size, processors=[processors]))
        times, peaks = [[] for _ in jobs], [0] * len(jobs)
        for _round in range(rounds):
            for index, (job, taken) in enumerate(zip(jobs, times, strict=True)):
                some = taken or job.round(_FEWEST_STEPS)[0].seconds
                steps = max(_FEWEST_STEPS, round(seconds / np.median(some)))
                turn = job.round(steps)[0]
                taken += turn.seconds
                peaks[index] = turn.peak_bytes
    finally:
        for job in jobs:
            job.close()
    return [
        Measured(taken, job.first_step, peak)
        for job, taken, peak in zip(jobs, times, peaks, strict=True)
    ]


def operations(case, batch_size):
    """Returns the operations of a step of a case: see `benchmarks.flops`."""
    model = models.build(config_of(case, batch_size).model.to_dict())
    return step_flops(model, batch_size)


def matrix_product(case, batch_size):
    """The matrix product as a way of any case."""
    del case, batch_size
    return flops.matrix_product()


if __name__ == "__main__":
    run_program(main)
