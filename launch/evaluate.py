"""Measures the images of a trained run, or a folder of images against another.

  python -m launch.evaluate --workdir=runs/cgan --classifier=mnistnet.keras \\
      --metrics=class_accuracy,fd_mnistnet_10k
  python -m launch.evaluate --workdir=runs/mnist --squeezenet=squeezenet.npz \\
      --metrics=fd_squeezenet_10k
  python -m launch.evaluate --real=photos --fake=generated --squeezenet=squeezenet.npz \\
      --metrics=fd_squeezenet

Metrics (the name says the protocol, the output says all of it):
  fd_FEATURES_10k        Fréchet distance on FEATURES between 10,000 generated images and as many
                         held-out real ones; with _train behind it, training ones. No FID: that
                         name belongs to the features of one Inception network.
  swd_2k                 sliced Wasserstein distance x 1,000 between patches of 2,000 generated
                         images and as many held-out ones, mean over the sizes down to 16 pixels
                         and size by size; with _train behind it, training ones
  class_accuracy         share of images that the classifier takes for the class asked for
FEATURES are squeezenet (--squeezenet) or the name of the classifier (--classifier, a file that
launch.train_classifier wrote). Distances of other counts, features or splits do not compare.

Prints one JSON line. With --append the figures become lines of a results file too, from which
launch.results writes the tables of the documents. Exit codes: 0 done, 1 failure, 2 wrong usage.
"""

import json
from pathlib import Path

from absl import flags

from tfgan_suite import results, runs
from tfgan_suite.cli import run_program
from tfgan_suite.errors import UserInputError

WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.")
CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "Name of a checkpoint in the run, such as 000000050000. Unset: the newest."
)
REAL = flags.DEFINE_string("real", None, "Folder of real images, in the place of a run.")
FAKE = flags.DEFINE_string("fake", None, "Folder of generated images, in the place of a run.")
METRICS = flags.DEFINE_list("metrics", None, "Names of metrics, see above.", required=True)
CLASSIFIER = flags.DEFINE_string("classifier", None, "File of launch.train_classifier.")
SQUEEZENET = flags.DEFINE_string(
    "squeezenet", None, "npz file of SqueezeNet 1.0's ImageNet weights (networks.squeezenet)."
)
NUM = flags.DEFINE_integer(
    "num",
    None,
    "Generated images of metrics whose names give no count. Unset: 10,000; of folders, as many as "
    "both have.",
    lower_bound=1,
)
APPEND = flags.DEFINE_string(
    "append", None, "Results file to add a line for each metric to: models/<name>/results.jsonl."
)
TABLE = flags.DEFINE_string("table", "images", "Table that the lines are for.")
SETTING = flags.DEFINE_multi_string(
    "setting",
    [],
    "KEY=VALUE, what tells this run from others in the table; may be given several times. Unset: "
    "run=<name of the workdir>.",
)
SEED = flags.DEFINE_integer("seed", 0, "Which images.", lower_bound=0)


def main(overrides):
    del overrides
    if (WORKDIR.value is None) == (REAL.value is None and FAKE.value is None):
        raise UserInputError("Give either --workdir, or --real and --fake.")
    if WORKDIR.value is None and None in (REAL.value, FAKE.value):
        raise UserInputError("Two folders are compared: give both --real and --fake.")
    if CHECKPOINT.value and not WORKDIR.value:
        raise UserInputError("--checkpoint belongs to a run: give --workdir.")
    setting = results.setting_of(SETTING.value)
    if APPEND.value:
        if not WORKDIR.value:
            raise UserInputError("--append is for runs: give --workdir.")
        results.read(APPEND.value)  # an invalid file is reported before the work
    shared = {
        "metrics": METRICS.value,
        "classifier": CLASSIFIER.value,
        "squeezenet": SQUEEZENET.value,
        "num": NUM.value,
        "seed": SEED.value,
        "progress": True,
    }
    if WORKDIR.value:
        result = runs.evaluate(WORKDIR.value, checkpoint=CHECKPOINT.value, **shared)
    else:
        result = runs.evaluate_folders(REAL.value, FAKE.value, **shared)
    print(json.dumps(result), flush=True)
    if APPEND.value:
        setting = setting or {"run": Path(WORKDIR.value).resolve().name}
        results.append(APPEND.value, runs.results_of(result, TABLE.value, setting))


if __name__ == "__main__":
    run_program(
        main,
        groups={
            "What to measure": ["workdir", "checkpoint", "real", "fake"],
            "By what": ["metrics", "num", "seed", "classifier", "squeezenet"],
            "A line of results": ["append", "table", "setting"],
        },
    )
