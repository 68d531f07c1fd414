"""Dissects the generator of a trained run: what its units detect, and what they cause.

  python -m launch.dissect --workdir=runs/scenes --layer=relu_16 --segmenter=shapes --out=found
  python -m launch.dissect --workdir=runs/scenes --layer=relu_16 --segmenter=shapes --out=found \\
      --change=red,background
  python -m launch.dissect --workdir=runs/faces --layer=relu_16 --segmenter=parts.keras \\
      --names=skin,hair,clothes --out=found
  python -m launch.dissect --workdir=runs/scenes --layer=relu_16 --segmenter=shapes --out=found \\
      --repair="no known colour" --metrics=fd_squeezenet_2k --squeezenet=squeezenet.npz

Writes page.html, one page without scripts or further files, and dissection.json into --out.
Without --layer the layers that may be opened are named. Segmenters: `shapes` (the colours of the
source of this name), `colours` and `textures` (rules for any images), or a Keras file of a network
from images to scores of concepts.

Prints one JSON line. Exit codes: 0 done, 1 failure, 2 wrong usage.
"""

import json

from absl import flags

from tfgan_suite.cli import run_program

WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "Name of a checkpoint in the run, such as 000000050000. Unset: the newest."
)
LAYER = flags.DEFINE_string("layer", "", "Layer to open: its name, or network/name.")
SEGMENTER = flags.DEFINE_string(
    "segmenter", "colours", "shapes, colours, textures, or a file .keras."
)
NAMES = flags.DEFINE_list("names", None, "Names of the concepts of a segmenter's file, in order.")
NUM = flags.DEFINE_integer("num", 1000, "Images measured.", lower_bound=1)
NUM_FOR_THRESHOLDS = flags.DEFINE_integer(
    "num_for_thresholds", 1000, "Other images, on which thresholds are chosen.", lower_bound=1
)
NUM_FOR_EFFECTS = flags.DEFINE_integer(
    "num_for_effects",
    32,
    "Images on which the effect of each unit by itself is measured; 0: it is not.",
    lower_bound=0,
)
SEED = flags.DEFINE_integer("seed", 0, "Which images.", lower_bound=0)
BATCH_SIZE = flags.DEFINE_integer("batch_size", 32, "Images computed at once.", lower_bound=1)
CHANGE = flags.DEFINE_list("change", [], "Concepts whose units are switched off and on.")
UNITS = flags.DEFINE_list(
    "units", None, "Units to switch, such as 3,17. Unset: the best for each concept of --change."
)
COUNT = flags.DEFINE_integer(
    "count",
    None,
    "How many units are switched. Unset: a tenth of the layer's, at most 20.",
    lower_bound=1,
)
STEPS = flags.DEFINE_integer(
    "steps", 200, "Steps of the optimisation of units; 0: ranked by IoU alone.", lower_bound=0
)
NUM_FOR_CHANGE = flags.DEFINE_integer(
    "num_for_change", 256, "Images on which changes are measured.", lower_bound=1
)
REPAIR = flags.DEFINE_string(
    "repair",
    None,
    "A concept that should not be there: --count units that are more active in the tenth of the "
    "images that show most of it are switched off.",
)
MARKS = flags.DEFINE_string(
    "marks", None, 'JSON file {"units": [...]} or {"images": [...]} of bad ones, for a repair.'
)
SCORE = flags.DEFINE_enum(
    "score",
    None,
    ["discriminator", "features"],
    "How a repair finds bad images: by the discriminator's logit, or by the distance to "
    "the nearest training image in the features of --classifier or --squeezenet.",
)
METRICS = flags.DEFINE_list("metrics", [], "Of images before and after: see launch.evaluate.")
CLASSIFIER = flags.DEFINE_string("classifier", None, "File of launch.train_classifier.")
SQUEEZENET = flags.DEFINE_string("squeezenet", None, "npz file of SqueezeNet 1.0's weights.")
APPEND = flags.DEFINE_string(
    "append", None, "Results file to add lines to: tfgan_suite/models/<name>/results.jsonl."
)
SETTING = flags.DEFINE_multi_string(
    "setting", [], "KEY=VALUE, what tells this run from others in the tables. Unset: run=<name>."
)
OUT = flags.DEFINE_string("out", None, "Folder to write into.", required=True)


def main(overrides):
    del overrides
    from tfgan_suite import results
    from tfgan_suite.dissection.of_run import dissect_run, results_of
    from tfgan_suite.errors import UserInputError

    units = UNITS.value
    if units is not None:
        if not all(unit.strip().isdecimal() for unit in units) or not units:
            raise UserInputError(f"--units={','.join(units)}: expected whole numbers, as in 3,17.")
        if not CHANGE.value:
            raise UserInputError("--units are switched for a concept: name it by --change.")
        units = [int(unit) for unit in units]
    setting = results.setting_of(SETTING.value)
    if APPEND.value:
        results.read(APPEND.value)  # an invalid file is reported before the work
    found = dissect_run(
        WORKDIR.value,
        LAYER.value,
        OUT.value,
        segmenter=SEGMENTER.value,
        names=NAMES.value,
        num=NUM.value,
        num_for_thresholds=NUM_FOR_THRESHOLDS.value,
        num_for_effects=NUM_FOR_EFFECTS.value,
        change=CHANGE.value,
        units=units,
        count=COUNT.value,
        steps=STEPS.value,
        num_for_change=NUM_FOR_CHANGE.value,
        repair=REPAIR.value,
        marks=MARKS.value,
        score=SCORE.value,
        metrics=METRICS.value,
        classifier=CLASSIFIER.value,
        squeezenet=SQUEEZENET.value,
        seed=SEED.value,
        batch_size=BATCH_SIZE.value,
        checkpoint=CHECKPOINT.value,
        progress=True,
    )
    changes = {
        concept: {
            name: {key: part[key] for key in ("share after", "effect")}
            if isinstance(part, dict)
            else part
            for name, part in figures.items()
            if name != "inserted by place"
        }
        for concept, figures in found["changes"].items()
    }
    told = {key: found[key] for key in ("layer", "images", "detectors", "repair", "seconds")}
    print(json.dumps({"out": OUT.value, **told, "changes": changes}), flush=True)
    if APPEND.value:
        results.append(APPEND.value, results_of(found, setting or {"run": found["run"]}))


if __name__ == "__main__":
    run_program(
        main,
        groups={
            "What to dissect": ["workdir", "checkpoint", "layer"],
            "By what": ["segmenter", "names", "num", "num_for_thresholds", "num_for_effects"],
            "What to switch": ["change", "units", "count", "steps", "num_for_change"],
            "What to repair": ["repair", "marks", "score", "metrics", "classifier", "squeezenet"],
            "How": ["seed", "batch_size"],
            "Where": ["out"],
            "Lines of results": ["append", "setting"],
        },
    )
