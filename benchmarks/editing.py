"""Projection and inpainting of held-out images and of samples, by a run: errors and times.

Command:
  python -m benchmarks.editing --workdir=runs/cgan_mnist --num=10
  python -m benchmarks.editing --workdir=runs/cgan_mnist --num=10 --setting=data=MNIST \\
      --append=tfgan_suite/models/cgan/results.jsonl

Projected are held-out images of the run's data, and samples, whose latents are known to exist; a
conditional model gets the class. `mse` is the mean squared difference of pixels in [-1, 1],
`psnr` its mean in dB, `seconds` the time of one image, the tracing of the search included.
`hole_psnr` compares the pixels of a hole in the middle of held-out images, half as wide and high,
with the truth: as inpainting fills it, and as the smoothest function does that fits around it (the
same blending without a generator).
"""

import time

import numpy as np
import tensorflow as tf
from absl import flags

from tfgan_suite import data, editing, results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.drawing import write_drawing
from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics.psnr import psnr
from tfgan_suite.models.translation import grid_of_columns
from tfgan_suite.runs import load

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_NUM = flags.DEFINE_integer("num", 10, "Images of each kind.", lower_bound=2)
_SPACES = flags.DEFINE_list("spaces", None, "Spaces of latents. Unset: the model's first.")
_OPTIMIZERS = flags.DEFINE_list("optimizers", ["adam"], "Ways to look for points.")
_STEPS = flags.DEFINE_integer("steps", 300, "Steps of a search.", lower_bound=1)
_STARTS = flags.DEFINE_integer("starts", 3, "Points that are moved side by side.", lower_bound=1)
_HOLES = flags.DEFINE_bool("holes", True, "Fill holes too.")
_GRID = flags.DEFINE_string(
    "grid", None, "PNG file: held-out images, their projections; with holes also these, filled."
)
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")
_SETTING = flags.DEFINE_multi_string("setting", [], "KEY=VALUE, what tells the lines from others.")

_FIRST_SEED = 1_000_000  # of the samples that are looked for: no search begins there
_UNITS = {"psnr": "dB", "hole_psnr": "dB", "seconds": "s"}


def main(_):
    if _APPEND.value:
        results.read(_APPEND.value)  # an invalid file is reported before the work
    config, model = load(_WORKDIR.value)
    images, given = heldout(config, model)
    lines, columns = [], [images]
    for name in _SPACES.value or [next(iter(model.latent_spaces()))]:
        space = editing.find_space(model, name)
        points = editing.points_of_seeds(model, space, _FIRST_SEED + np.arange(len(images)))
        made = [
            editing.decoded(model, space, point[None], conditions)[0]
            for point, conditions in zip(points, given, strict=True)
        ]
        kinds = {"held-out": images, "samples": np.clip(made, -1, 1)}
        for optimizer in _OPTIMIZERS.value:
            options = editing.SearchOptions(optimizer, _STEPS.value, starts=_STARTS.value)
            for kind, wanted in kinds.items():
                found, figures = projected(model, wanted, given, name, options)
                if kind == "held-out":
                    columns.append(found)
                search = f"{optimizer}, {_STEPS.value} steps"
                setting = {"images": kind, "space": name, "search": search}
                lines += reported(config, model, "projection", setting, figures)
    if _HOLES.value:
        holes, filled = inpainted(model, images, given)
        columns += [holes, *filled.values()]
        for way, seen in filled.items():
            figures = {"hole_psnr": hole_psnr(seen, images)}
            lines += reported(config, model, "inpainting", {"filled by": way}, figures)
    if _GRID.value:
        write_drawing(_GRID.value, grid_of_columns(*columns))
    if _APPEND.value:
        results.append(_APPEND.value, lines)


def heldout(config, model):
    """Returns held-out images, and for each the conditions of the generator."""
    space = editing.find_space(model)
    if set(space.conditions) - {"class_id"}:
        raise UserInputError(f"The generator takes {', '.join(space.conditions)}: not measured.")
    batch = data.heldout_batch(config.data.to_dict(), model.batch_spec(), _NUM.value, 0)
    given = [{} for _ in batch["image"]]
    if space.conditions:
        given = [{"class_id": label} for label in batch["label"]]
    # A growing model's samples may be smaller yet than its data.
    images = tf.image.resize(batch["image"], space.sample_shape[:2], method="area").numpy()
    return np.clip(images, -1, 1), given


def projected(model, images, given, space, options):
    """Returns reconstructions and the figures of each image."""
    found, seconds = [], []
    for image, conditions in zip(images, given, strict=True):
        begin = time.monotonic()
        found.append(
            editing.project(
                model, image[None], space=space, conditions=conditions, options=options
            ).reconstructions[0]
        )
        seconds.append(time.monotonic() - begin)
    found = np.stack(found)
    errors = np.mean((found - images) ** 2, axis=(1, 2, 3))
    return found, {"mse": errors, "psnr": psnr(found, images), "seconds": np.array(seconds)}


def middle(images):
    """Returns a hole in the middle, half as wide and high as the images."""
    height, width = images.shape[1:3]
    hole = np.zeros((height, width), bool)
    hole[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
    return hole


def inpainted(model, images, given):
    """Returns images with a hole, and these filled in each way."""
    hole = middle(images)
    options = editing.SearchOptions(steps=_STEPS.value, starts=_STARTS.value)
    made = [
        editing.inpaint(model, image, hole, conditions=conditions, options=options)
        for image, conditions in zip(images, given, strict=True)
    ]
    holes = np.where(hole[None, ..., None], np.float32(0), images)
    smooth = editing.poisson_blend(holes, 0 * holes, np.repeat(hole[None], len(images), 0)).numpy()
    samples = np.stack([one.sample for one in made])
    return holes, {
        "the smoothest": smooth,
        "the sample": np.where(hole[None, ..., None], samples, images),
        "the sample, blended": np.stack([one.image for one in made]),
    }


def hole_psnr(filled, images):
    hole = middle(images)
    return psnr(filled[:, hole], images[:, hole])


def reported(config, model, table, setting, figures):
    """Prints figures and returns their lines."""
    setting = {**results.setting_of(_SETTING.value), **setting}
    lines = []
    for metric, values in figures.items():
        mean = float(np.mean(values))
        error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
        print(f"{table}, {setting}: {metric} {mean:.4g} ± {error:.2g}", flush=True)
        lines.append(
            results.Result(
                table=table,
                metric=f"{metric}_{len(values)}",
                value=mean,
                unit=_UNITS.get(metric),
                interval=(mean - error, mean + error),
                interval_kind="standard error",
                setting=setting,
                seeds=(config.seed,),
                images_seen=int(model.images_seen.numpy()),
                machine=describe_machine(),
                commit=results.current_commit(),
                command=results.current_command(),
                protocol={"steps": _STEPS.value, "starts": _STARTS.value},
            )
        )
    return lines


if __name__ == "__main__":
    run_program(main)
