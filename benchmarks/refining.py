"""What refined images are worth to a task: where is the pupil of a real eye?

Command:
  python -m benchmarks.refining --workdir=runs/simgan
  python -m benchmarks.refining --workdir=runs/simgan --append

Trains the same small network to find the pupil in the synthetic eyes of a SimGAN run, in the same
ones refined, and in as many of the camera's (whose labels the run never saw), and measures each on
held-out eyes of the camera: mean distance in pixels, with its standard error. Also measured is how
far refining moves the pupil: between the middles of the darkest places of an image before and
after, of means over 5 x 5 pixels, so that noise counts for little.

`--learnt_from=dimmed` are the synthetic eyes with the camera's blur and contrast, but neither its
light nor its noise: the most that a refiner of clean eyes can give, since it makes no noise.
"""

import numpy as np
from absl import flags

from benchmarks.pupil_figures import dark_middles, errors, scaled
from tfgan_suite import results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.data import eyes
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import SimGAN
from tfgan_suite.runs import Workdir, load

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_NUM = flags.DEFINE_integer("num", 4_000, "Eyes to learn from.", lower_bound=64)
_EPOCHS = flags.DEFINE_integer("epochs", 15, "Of each task network.", lower_bound=1)
_SEEDS = flags.DEFINE_integer("seeds", 3, "Task networks of each kind.", lower_bound=1)
_LEARNT_FROM = flags.DEFINE_multi_enum(
    "learnt_from",
    ["synthetic", "refined", "camera"],
    ["synthetic", "refined", "camera", "dimmed"],
    "What task networks learn from.",
)
_APPEND = flags.DEFINE_bool("append", False, "Add the figures to SimGAN's results.jsonl.")

NUM_TEST = 500


def main(_):
    config, model = load(_WORKDIR.value)
    if not isinstance(model, SimGAN) or config.data.source != "eyes":
        raise UserInputError(
            f"--workdir={_WORKDIR.value} holds a run of {config.model.name} on "
            f"{config.data.source}; expected simgan on eyes."
        )
    at, test_at = np.arange(_NUM.value), np.arange(NUM_TEST)
    style = config.data.get("a", "rendered")
    drawn = eyes.eyes(at, style)
    synthetic = scaled(drawn)
    refined = model.refine(synthetic)
    names = {
        "synthetic": style,
        "refined": f"{style}, refined, seed {config.seed}",
        "camera": "camera",
        "dimmed": f"{style}, with the camera's blur and contrast",
    }

    dimmed = np.stack([eyes.dimmed(image[..., 0] / 255) for image in drawn])
    sets = {
        "synthetic": (synthetic, eyes.gazes(at)),
        "refined": (refined, eyes.gazes(at)),
        "camera": (scaled(eyes.eyes(at, "camera", domain=1)), eyes.gazes(at, domain=1)),
        "dimmed": (2 * dimmed[..., None].astype(np.float32) - 1, eyes.gazes(at)),
    }
    test = (
        scaled(eyes.eyes(test_at, "camera", split="test", domain=1)),
        eyes.gazes(test_at, split="test", domain=1),
    )
    print("| learnt from | distance in pixels |\n|---|---|", flush=True)
    lines = []
    for kind in _LEARNT_FROM.value:
        images, centres = sets[kind]
        runs = [errors(images, centres, *test, _EPOCHS.value, s) for s in range(_SEEDS.value)]
        means = [float(run.mean()) for run in runs]
        mean = float(np.mean(means))
        print(f"| {names[kind]} | {mean:.2f} ({min(means):.2f}, {max(means):.2f}) |", flush=True)
        lines.append(_line(config, model, f"pupil_error_{NUM_TEST}", names[kind], mean, means))
    shift = np.linalg.norm(dark_middles(refined) - dark_middles(synthetic), axis=1)
    print(f"Refining moves the pupil by {shift.mean():.2f} pixels (median {np.median(shift):.2f}).")
    metric, value = "smoothed_pupil_shift", float(shift.mean())
    lines.append(_line(config, model, metric, names["refined"], value, None))
    if _APPEND.value:
        results.append(results.ROOT / "tfgan_suite/models/simgan" / results.FILE, lines)


def _line(config, model, metric, name, value, means):
    is_of_run = ", refined" in name
    return results.Result(
        table="eyes",
        metric=metric,
        value=value,
        unit="px",
        interval=(min(means), max(means)) if means else None,
        interval_kind="lowest and highest of the task networks" if means else None,
        setting={"learnt from": name},
        seeds=(config.seed,) if is_of_run else None,
        images_seen=int(model.images_seen.numpy()) if is_of_run else None,
        seconds=Workdir(_WORKDIR.value).seconds_spent() or None if is_of_run else None,
        machine=describe_machine(),
        commit=results.current_commit(),
        command=results.current_command(),
        protocol={"eyes": _NUM.value, "epochs": _EPOCHS.value, "networks": _SEEDS.value},
    )


if __name__ == "__main__":
    run_program(main)
