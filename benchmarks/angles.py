"""DiscoGAN and its controls between bars: does the angle go with the translation?

Command:
  python -m benchmarks.angles --workdir=runs/angles
  python -m benchmarks.angles --workdir=runs/angles --append

Trains `launch/configs/discogan_bars.py` and its controls with every seed (a run that is there
already is only measured), translates held-out bars of A and prints, of the angles before and after:
their correlation, and the root of the mean squared difference in degrees that the best common turn,
mirrored or not, leaves. Of bars drawn at random by the same law the latter is about 51 degrees.
"""

from pathlib import Path

import numpy as np
from absl import flags

from benchmarks.angle_figures import angle_relation, angles_shown
from tfgan_suite import data, results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.runs import Workdir, load_config, train

RELATIONS = ("discogan", "recongan", "gan")
NUM = 500

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder for the runs.", required=True)
_APPEND = flags.DEFINE_bool(
    "append", False, "Add the figures to tfgan_suite/models/discogan/results.jsonl."
)
_RELATIONS = flags.DEFINE_multi_enum("relation", [], RELATIONS, "What to train. Unset: all.")
_SEEDS = flags.DEFINE_integer("seeds", 1, "Runs of each.", lower_bound=1)
_FIRST_SEED = flags.DEFINE_integer("first_seed", 0, "Seed of the first run.", lower_bound=0)


def main(_):
    for name in _RELATIONS.value or RELATIONS:
        for seed in range(_FIRST_SEED.value, _FIRST_SEED.value + _SEEDS.value):
            config = load_config(f"launch/configs/discogan_bars.py:{name}", [f"seed={seed}"])
            workdir = Path(_WORKDIR.value) / f"{name}_{seed}"
            model = train(config, workdir)
            bars = data.heldout_batch(config.data.to_dict(), model.batch_spec(), NUM, seed=0)["a"]
            translated = model.translate(bars, "a_to_b")
            found = angle_relation(angles_shown(bars), angles_shown(translated))
            figures = {
                f"angle_correlation_{NUM}": (found.correlation, None),
                f"angle_rmse_{NUM}": (found.rmse, "degrees"),
                f"l1_there_and_back_{NUM}": (
                    float(np.abs(model.translate(translated, "b_to_a") - bars).mean()),
                    None,
                ),
            }
            shown = ", ".join(f"{metric} {value:.3g}" for metric, (value, _) in figures.items())
            print(f"{name}, seed {seed}: {shown}", flush=True)
            if _APPEND.value:
                _append(config, model, workdir, name, figures)


def _append(config, model, workdir, name, figures):
    lines = [
        results.Result(
            table="angles",
            metric=metric,
            value=value,
            unit=unit,
            setting={"relation": name, "seed": config.seed},
            seeds=(config.seed,),
            images_seen=int(model.images_seen.numpy()),
            seconds=round(Workdir(workdir).seconds_spent(), 1),
            machine=describe_machine(),
            commit=results.current_commit(),
            command=results.current_command(),
        )
        for metric, (value, unit) in figures.items()
    ]
    results.append(results.ROOT / "tfgan_suite/models/discogan" / results.FILE, lines)


if __name__ == "__main__":
    run_program(main)
