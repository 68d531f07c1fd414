"""Trains a small classifier of labelled images, to measure samples with (launch.evaluate).

  python -m launch.train_classifier --data=npz:mnist_60k.npz --data.test_fraction=0.16666 \\
      --out=mnistnet.keras
  python -m launch.train_classifier --data=folder:photos --data.size=64 --data.channels=3 \\
      --data.test_fraction=0.1 --out=photonet.keras

Options of the data are given as --data.KEY=VALUE, see tfgan_suite/data/README.md; some images must
be held out. The file holds the network with its held-out accuracy; its last hidden layer, called
`features`, is what Fréchet distances named after the file are measured with. Prints one JSON line.
Exit codes: 0 done, 1 failure, 2 wrong usage.
"""

import json
from pathlib import Path

from absl import flags

from tfgan_suite.cli import run_program
from tfgan_suite.runs.config import literal

DATA = flags.DEFINE_string(
    "data", None, "Source of labelled images: npz:FILE, folder:DIR, ...", required=True
)
OUT = flags.DEFINE_string("out", None, "File to write, NAME.keras.", required=True)
NAME = flags.DEFINE_string(
    "name",
    None,
    "What the features are called in the names of metrics, fd_NAME_10k: lower-case letters and "
    "digits. Unset: the name of the file.",
)
EPOCHS = flags.DEFINE_integer("epochs", 3, "Passes through the training images.", lower_bound=1)
SEED = flags.DEFINE_integer(
    "seed", 0, "Of the first weights, the dropout and the order of the images.", lower_bound=0
)


def main(overrides):
    from tfgan_suite.metrics.classifier import check_file_name, train_classifier

    out = check_file_name(OUT.value)
    options = dict(override.split("=", 1) for override in overrides)
    config = {"source": DATA.value, **{key: literal(value) for key, value in options.items()}}
    classifier = train_classifier(
        config, NAME.value or Path(out).stem, EPOCHS.value, SEED.value, progress=True
    )
    classifier.save(out)
    print(json.dumps({"out": str(out), **classifier.record}))


if __name__ == "__main__":
    run_program(
        main,
        groups={"What to learn": ["data"], "How": ["epochs", "seed"], "Where": ["out", "name"]},
        overrides="data",
    )
