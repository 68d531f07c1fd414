"""Parzen-window log-likelihood of a GAN's run, by the protocol of Goodfellow et al., 2014.

Command:
  python -m benchmarks.parzen --workdir=runs/gan_paper

10,000 samples are the centres. The run's data must hold examples out (`data.test_fraction`, or a
test split): the first half of them chooses sigma, the other half is measured. Prints one line of a
table for the newest checkpoint and one for the weights before training, in about a minute.
"""

import numpy as np
import tensorflow as tf
from absl import flags

from tfgan_suite.cli import run_program
from tfgan_suite.data import open_source
from tfgan_suite.metrics import parzen_score
from tfgan_suite.runs import load
from tfgan_suite.runs.training import build

NUM_SAMPLES = 10_000

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)


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


if __name__ == "__main__":
    run_program(main)
