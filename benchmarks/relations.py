"""DiscoGAN and its controls between two mixtures of Gaussians: does each mode keep to itself?

Command:
  python -m benchmarks.relations --workdir=runs/relations
  python -m benchmarks.relations --workdir=runs/relations --append

Trains `launch/configs/discogan_rings.py` and its controls with every seed (a run that is there
already is only measured), translates 10,000 held-out points of A and prints: modes of B with at
least 1 % of the translations within 3 standard deviations; the share of the translations that lies
on any mode; purity, the mean over the modes of A of the largest share that goes to one mode of B;
collisions, modes of A whose largest share goes where that of another one goes; the mean squared
difference of points of A translated to B and back.
"""

from pathlib import Path

import numpy as np
from absl import flags

from benchmarks.relation import relation
from tfgan_suite import data, results
from tfgan_suite.cli import run_program
from tfgan_suite.data import mixture_of
from tfgan_suite.metrics import mode_coverage
from tfgan_suite.runs import Workdir, load_config, train

RELATIONS = ("discogan", "recongan", "gan")
NUM_POINTS = 10_000

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder for the runs.", required=True)
_APPEND = flags.DEFINE_bool(
    "append", False, "Add the figures to tfgan_suite/models/discogan/results.jsonl."
)
_SEEDS = flags.DEFINE_integer("seeds", 3, "Runs of each.", lower_bound=1)


def main(_):
    print(
        "| relation | seed | modes | on a mode | purity | collisions | there and back | seconds |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    for name in RELATIONS:
        for seed in range(_SEEDS.value):
            config = load_config(f"launch/configs/discogan_rings.py:{name}", [f"seed={seed}"])
            workdir = Path(_WORKDIR.value) / f"{name}_{seed}"
            model = train(config, workdir)
            target = mixture_of(config.data, second=True)
            source = data.open_source(config.data, "test").numpy(np.arange(NUM_POINTS))
            translated = model.translate(source["point"], "a_to_b")
            back = model.translate(translated, "b_to_a")
            coverage = mode_coverage(translated, target)
            found = relation(source["label"], translated, target.centres)
            error = float(np.mean((back - source["point"]) ** 2))
            seconds = Workdir(workdir).seconds_spent()
            print(
                f"| {name} | {seed} | {coverage.modes} of {len(target.centres)} "
                f"| {coverage.high_quality:.1%} | {found.purity:.1%} | {found.collisions} "
                f"| {error:.3f} | {seconds:.0f} |",
                flush=True,
            )
            if _APPEND.value:
                _append(config, model, name, coverage, found, error, seconds)


def _append(config, model, name, coverage, found, error, seconds):
    shared = {
        "table": "rings",
        "setting": {"relation": name, "seed": config.seed},
        "command": results.current_command(),
        "seeds": (config.seed,),
        "images_seen": int(model.images_seen.numpy()),
        "seconds": round(seconds, 1),
        "commit": results.current_commit(),
    }
    figures = {
        "modes_3std_10k": (coverage.modes, f"of {len(coverage.counts)}"),
        "high_quality_3std_10k": (coverage.high_quality, "share"),
        "purity_10k": (found.purity, "share"),
        "collisions_10k": (found.collisions, None),
        "mse_there_and_back_10k": (error, None),
    }
    file = results.ROOT / "tfgan_suite/models/discogan" / results.FILE
    results.append(
        file,
        [
            results.Result(metric=metric, value=value, unit=unit, **shared)
            for metric, (value, unit) in figures.items()
        ],
    )


if __name__ == "__main__":
    run_program(main)
