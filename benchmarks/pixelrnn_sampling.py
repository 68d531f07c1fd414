"""Seconds to draw images from a PixelRNN, with what layers keep and by whole networks.

Command:
  python -m benchmarks.pixelrnn_sampling
  python -m benchmarks.pixelrnn_sampling --kind=pixelcnn --naive_pixels=784 \\
      --append=tfgan_suite/models/pixelrnn/results.jsonl
  python -m benchmarks.pixelrnn_sampling --kind=pixelcnn --peer=torch

All ways draw `--images` images of 28 x 28 binary pixels from the same untrained network of the
preset `small_mnist`, in a process of its own each, as compiled graphs, by turns. The naive way runs
the whole network for each pixel. All its pixels cost the same, so it draws the first
`--naive_pixels` of each image and the time of all follows by proportion; 784 leaves nothing out.
`--peer=torch` (pip install '.[benchmarks]') also draws from the same PixelCNN in PyTorch, eagerly,
where each layer keeps what it has seen, too; other kinds have no peer.
Printed are the median of all rounds and, in brackets, the fastest and the slowest.
"""

import contextlib
import os

import numpy as np
from absl import flags

from benchmarks import peers
from benchmarks.pixel_steps import cached_step, model_of, naive_step, torch_step
from benchmarks.timing import Job
from tfgan_suite import results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.models.pixelrnn.networks import BLOCKS

_KIND = flags.DEFINE_multi_enum("kind", [], list(BLOCKS), "Unset: all of them.")
_IMAGES = flags.DEFINE_integer("images", 16, "Images drawn at once.", lower_bound=1)
_NAIVE_PIXELS = flags.DEFINE_integer(
    "naive_pixels", 28, "Pixels of each image that the naive way draws.", 1, 784
)
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Turns of each way.", lower_bound=1)
_PEER = flags.DEFINE_enum("peer", None, ["torch"], "Measure the PixelCNN of this library too.")
_THREADS = flags.DEFINE_integer("threads", 2, "Processors of each way.", lower_bound=1)
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")


def main(_):
    if _APPEND.value:
        results.read(_APPEND.value)  # an invalid file is reported before the work
    if _PEER.value:
        peers.check(["pixelrnn"])
    header = ["kind", "cached", "naive", "times as fast", *(["pytorch"] if _PEER.value else [])]
    print(f"| {' | '.join(header)} |\n|{'---|' * len(header)}", flush=True)
    for kind in _KIND.value or BLOCKS:
        has_peer = _PEER.value and kind == "pixelcnn"
        seconds = measure(
            kind, _IMAGES.value, _NAIVE_PIXELS.value, _ROUNDS.value, _THREADS.value, has_peer
        )
        lines = lines_of(kind, *seconds)
        print(f"| {kind} | {' | '.join(line.shown() for line in lines)} |", flush=True)
        if _APPEND.value:
            results.append(_APPEND.value, lines)


def measure(kind, images, naive_pixels, rounds, threads, has_peer=False):
    """Returns the seconds of each way for all pixels, a list of rounds each.

    The ways are the cached one, the naive one and, if there is a peer, its own.
    """
    processors = set(sorted(os.sched_getaffinity(0))[:threads])
    share = naive_pixels / int(np.prod(model_of(kind).image_shape))
    ways = [(cached_step, kind, images), (naive_step, kind, images, naive_pixels)]
    ways += [(torch_step, kind, images)] if has_peer else []
    with contextlib.ExitStack() as stack:
        jobs = [stack.enter_context(Job(*way, processors=[processors])) for way in ways]
        turns = [
            [job.round(1, warm_up=0)[0].seconds[0] for job in jobs] for _round in range(rounds)
        ]
    cached, naive, *peer = zip(*turns, strict=True)
    return [list(cached), [seconds / share for seconds in naive], *map(list, peer)]


def lines_of(kind, cached, naive, peer=None) -> list[results.Result]:
    """Returns the lines of a kind, for `tfgan_suite.results`."""

    def line(metric, value, unit, **interval):
        return results.Result(
            table="sampling",
            metric=metric,
            value=float(value),
            unit=unit,
            **interval,
            setting={"kind": kind, "images": _IMAGES.value},
            machine=f"{describe_machine()}, {_THREADS.value} threads",
            commit=results.current_commit(),
            command=results.current_command(),
            protocol={"rounds": len(cached), "naive_pixels": _NAIVE_PIXELS.value},
        )

    def seconds(metric, values):
        ends = (min(values), max(values))
        return line(
            metric, np.median(values), "s", interval=ends, interval_kind="fastest to slowest"
        )

    lines = [
        seconds("draw_28x28_cached", cached),
        seconds(f"draw_28x28_naive_of_{_NAIVE_PIXELS.value}_pixels", naive),
        line("times_as_fast", np.median(naive) / np.median(cached), None),
    ]
    return [*lines, seconds("draw_28x28_pytorch_cached", peer)] if peer else lines


if __name__ == "__main__":
    run_program(main)
