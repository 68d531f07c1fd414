"""Models on mixtures of Gaussians: modes found and share of high-quality samples.

Command:
  python -m benchmarks.mixtures --workdir=runs/mixtures
  python -m benchmarks.mixtures --workdir=runs/egan --config=egan_ring --config=egan_ring:random

`--images` trains all of them to another number of images, for a comparison at equal time.

Trains every config with every seed (a run that is there already is only measured), draws 10,000
samples of each and prints a table, then the means of the seeds with the lowest and the highest. By
default GAN and LSGAN on the 8-ring and the 25-grid, 12 runs of a few minutes each on 2 cores.
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
_IMAGES = flags.DEFINE_integer(
    "images", None, "Images that each run sees. Unset: as its config says.", lower_bound=1
)
_TABLE = flags.DEFINE_string("table", "mixtures", "Name of the table for --append.")
_APPEND = flags.DEFINE_bool(
    "append", False, "Add the figures to tfgan_suite/models/<name>/results.jsonl (launch.results)."
)
_SEEDS = flags.DEFINE_integer("seeds", 3, "Runs of each config.", lower_bound=1)


def main(argv):
    del argv
    print("| config | seed | modes found | high-quality share | seconds |\n|---|---|---|---|---|")
    means = [_measure_seeds(name) for name in _CONFIG.value]
    print("\n| config | high-quality share, mean of the seeds |\n|---|---|")
    for line in means:
        print(f"| {line.setting['config']} | {line.shown()} |")


def _measure_seeds(name):
    """Trains and measures `name` with every seed. Returns the mean of the seeds as a result."""
    file, _, word = name.partition(":")
    images = [f"images={_IMAGES.value}"] if _IMAGES.value else []
    shares = []
    for seed in range(_SEEDS.value):
        config = load_config(f"launch/configs/{file}.py:{word}", [f"seed={seed}", *images])
        workdir = Path(_WORKDIR.value) / f"{file}_{word or 'default'}_{seed}"
        model = train(config, workdir)
        num_modes = len(mixture_of(config.data).centres)
        coverage = mode_coverage(model.sample(np.arange(NUM_SAMPLES)), mixture_of(config.data))
        shares.append(float(coverage.high_quality))
        seconds = Workdir(workdir).seconds_spent()
        print(
            f"| {name} | {seed} | {coverage.modes} of {num_modes} "
            f"| {coverage.high_quality:.1%} | {seconds:.0f} |",
            flush=True,
        )
        shared = {
            "table": _TABLE.value,
            "setting": {"config": name, "seed": seed},
            "command": _command(name),
            "seeds": (seed,),
            "images_seen": int(model.images_seen.numpy()),
            "seconds": round(seconds, 1),
            "commit": results.current_commit(),
        }
        share = {"metric": "high_quality_3std_10k", "unit": "share"}
        _append(
            config,
            Result(metric="modes_3std_10k", value=coverage.modes, unit=f"of {num_modes}", **shared),
            Result(value=coverage.high_quality, **share, **shared),
        )
    mean = Result(
        value=float(np.mean(shares)),
        interval=(min(shares), max(shares)),
        interval_kind="lowest and highest of the seeds",
        **share,
        **shared
        | {
            "table": f"{_TABLE.value}_mean",
            "setting": {"config": name},
            "seeds": tuple(range(_SEEDS.value)),
            "seconds": None,
        },
    )
    _append(config, mean)
    return mean


def _command(name):
    command = f"python -m benchmarks.mixtures --workdir=runs/mixtures --config={name}"
    if _IMAGES.value:
        command += f" --images={_IMAGES.value} --table={_TABLE.value}"
    return command


def _append(config, *lines):
    if _APPEND.value:
        file = results.ROOT / "tfgan_suite/models" / config.model.name / results.FILE
        results.append(file, lines)


if __name__ == "__main__":
    run_program(main)
