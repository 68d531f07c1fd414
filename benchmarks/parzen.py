"""Parzen-window log-likelihood of a GAN's run, by the protocol of Goodfellow et al., 2014.

Command:
  python -m benchmarks.parzen --workdir=runs/gan_paper
  python -m benchmarks.parzen --workdir=runs/gan_paper --append=tfgan_suite/models/gan/results.jsonl

10,000 samples are the centres. The run's data must hold examples out (`data.test_fraction`, or a
test split): the first half of them chooses sigma, the other half is measured. Prints one line of a
table for the newest checkpoint and one for the weights before training, in about a minute.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import flags

from tfgan_suite import results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.data import open_source
from tfgan_suite.metrics import parzen_score
from tfgan_suite.runs import Workdir, load
from tfgan_suite.runs.training import build

NUM_SAMPLES = 10_000

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")


def main(argv):
    del argv
    config, model = load(_WORKDIR.value)
    heldout = open_source(config.data.to_dict(), split="test")
    images = heldout.numpy(np.arange(heldout.num_examples))["image"] / 255.0
    validation, test = np.array_split(images, 2)
    print("| images | log-likelihood | sigma |\n|---|---|---|", flush=True)
    for each in (build(config, tf.distribute.get_strategy())[1], model):
        samples = (each.sample(np.arange(NUM_SAMPLES)) + 1.0) / 2.0
        score = parzen_score(samples, validation, test)
        print(
            f"| {int(each.images_seen.numpy()):,} | {score.mean:.1f} ± {score.standard_error:.1f} "
            f"| {score.sigma:.3f} |",
            flush=True,
        )
        if _APPEND.value:
            results.append(_APPEND.value, [_line(config, each, score)])


def _line(config, model, score):
    images = int(model.images_seen.numpy())
    name = Path(_WORKDIR.value).resolve().name
    return results.Result(
        table="parzen",
        metric="parzen_10k",
        value=score.mean,
        unit="nats",
        interval=(score.mean - score.standard_error, score.mean + score.standard_error),
        interval_kind="standard error",
        setting={"config": name if images else f"untrained ({name})"},
        seeds=(config.seed,),
        images_seen=images,
        seconds=(Workdir(_WORKDIR.value).seconds_spent() or None) if images else None,
        machine=describe_machine(),
        commit=results.current_commit(),
        command=results.current_command(),
        protocol={"sigma": score.sigma},
    )


if __name__ == "__main__":
    run_program(main)
