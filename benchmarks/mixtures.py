"""Models on mixtures of Gaussians: modes found and share of high-quality samples.

Command:
  python -m benchmarks.mixtures --workdir=runs/mixtures
  python -m benchmarks.mixtures --workdir=runs/egan --config=egan_ring --config=egan_ring:random

Trains every config with every seed (a run that is there already is only measured), draws 10,000
samples of each and prints a table. By default GAN and LSGAN on the 8-ring and the 25-grid, 12 runs
of a few minutes each on 2 cores.
"""

from pathlib import Path

import numpy as np
from absl import flags

from tfgan_suite import results
from tfgan_suite.cli import run_program
from tfgan_suite.data import mixture_of
from tfgan_suite.metrics import mode_coverage
from tfgan_suite.results import Result
from tfgan_suite.runs import Workdir, load_config, train

CONFIGS = ("gan_ring", "lsgan_ring", "gan_grid", "lsgan_grid")
NUM_SAMPLES = 10_000

_CONFIG = flags.DEFINE_multi_string(
    "config", CONFIGS, "Files of launch/configs, without .py; FILE:WORD for their variants."
)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder for the runs.", required=True)
_APPEND = flags.DEFINE_bool(
    "append", False, "Add the figures to tfgan_suite/models/<name>/results.jsonl (launch.results)."
)
_SEEDS = flags.DEFINE_integer("seeds", 3, "Runs of each config.", lower_bound=1)


def main(argv):
    del argv
    print("| config | seed | modes found | high-quality share | seconds |\n|---|---|---|---|---|")
    for name in _CONFIG.value:
        file, _, word = name.partition(":")
        for seed in range(_SEEDS.value):
            config = load_config(f"launch/configs/{file}.py:{word}", [f"seed={seed}"])
            workdir = Path(_WORKDIR.value) / f"{file}_{word or 'default'}_{seed}"
            model = train(config, workdir)
            mixture = mixture_of(config.data)
            coverage = mode_coverage(model.sample(np.arange(NUM_SAMPLES)), mixture)
            seconds = Workdir(workdir).seconds_spent()
            print(
                f"| {name} | {seed} | {coverage.modes} of {len(mixture.centres)} "
                f"| {coverage.high_quality:.1%} | {seconds:.0f} |",
                flush=True,
            )
            if _APPEND.value:
                _append(config, model, name, coverage, len(mixture.centres), seconds)


def _append(config, model, name, coverage, num_modes, seconds):
    shared = {
        "table": "mixtures",
        "setting": {"config": name, "seed": config.seed},
        "command": f"python -m benchmarks.mixtures --workdir=runs/mixtures --config={name}",
        "seeds": (config.seed,),
        "images_seen": int(model.images_seen.numpy()),
        "seconds": round(seconds, 1),
        "commit": results.current_commit(),
    }
    file = results.ROOT / "tfgan_suite/models" / config.model.name / results.FILE
    lines = [
        Result(metric="modes_3std_10k", value=coverage.modes, unit=f"of {num_modes}", **shared),
        Result(metric="high_quality_3std_10k", value=coverage.high_quality, unit="share", **shared),
    ]
    results.append(file, lines)


if __name__ == "__main__":
    run_program(main)
