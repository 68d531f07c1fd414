"""GAN and LSGAN on the 8-ring and the 25-grid: modes found and share of high-quality samples.

Command:
  python -m benchmarks.mixtures --workdir=runs/mixtures

Trains every config with every seed (a run that is there already is only measured), draws 10,000
samples of each and prints a table. 12 runs of a few minutes each on 2 cores.
"""

from pathlib import Path

import numpy as np
from absl import flags

from tfgan_suite.cli import run_program
from tfgan_suite.data import mixture_of
from tfgan_suite.metrics import mode_coverage
from tfgan_suite.runs import load_config, train

CONFIGS = ("gan_ring", "lsgan_ring", "gan_grid", "lsgan_grid")
NUM_SAMPLES = 10_000

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder for the runs.", required=True)
_SEEDS = flags.DEFINE_integer("seeds", 3, "Runs of each config.", lower_bound=1)


def main(argv):
    del argv
    print("| config | seed | modes found | high-quality share |\n|---|---|---|---|", flush=True)
    for name in CONFIGS:
        for seed in range(_SEEDS.value):
            config = load_config(f"launch/configs/{name}.py", [f"seed={seed}"])
            model = train(config, Path(_WORKDIR.value) / f"{name}_{seed}")
            samples = model.sample(np.arange(NUM_SAMPLES))
            mixture = mixture_of(config.data)
            coverage = mode_coverage(samples, mixture)
            print(
                f"| {name} | {seed} | {coverage.modes} of {len(mixture.centres)} "
                f"| {coverage.high_quality:.1%} |",
                flush=True,
            )


if __name__ == "__main__":
    run_program(main)
