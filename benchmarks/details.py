"""How like real ones the images of LAPGAN are, size by size.

Command:
  python -m benchmarks.details --workdir=runs/lapgan_mnist
  python -m benchmarks.details --workdir=runs/lapgan_mnist --append

Three sets of images are held against held-out real ones: samples; what the model makes of real
images of the coarsest size, of other held-out images, as its generators of details saw them in
training; and these other images as they are. For each size of the pyramid: the sliced Wasserstein
distance between patches of its level, and the standard deviation of the level over that of the
real ones (`benchmarks.detail_figures`). Samples and what real images become have the classes of the
held-out images.
"""

import numpy as np
import tensorflow as tf
from absl import flags

from benchmarks.detail_figures import figures
from tfgan_suite import data, results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.drawing import ImageGrid, write_drawing
from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import to_uint8
from tfgan_suite.metrics.image_metrics import count_text
from tfgan_suite.models import LAPGAN
from tfgan_suite.networks.pyramids import laplacian_pyramid
from tfgan_suite.runs import Workdir, load

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_NUM = flags.DEFINE_integer("num", 500, "Images of each set.", lower_bound=1)
_SETTING = flags.DEFINE_list("setting", [], "heading=value,... of the rows.")
_GRID = flags.DEFINE_string(
    "grid", None, "PNG file: real images, and below each what its coarsest size becomes."
)
_APPEND = flags.DEFINE_bool("append", False, "Add the figures to LAPGAN's results.jsonl.")

_SHOWN = 16  # of the grid


def main(_):
    config, model = load(_WORKDIR.value)
    if not isinstance(model, LAPGAN):
        raise UserInputError(
            f"--workdir={_WORKDIR.value} holds a run of {config.model.name}; expected lapgan."
        )
    num, sizes = _NUM.value, model.sizes[::-1]
    source = data.open_source(config.data.to_dict(), "test")
    if source.num_examples is not None and source.num_examples < 2 * num:
        raise UserInputError(
            f"{source.name} holds out {source.num_examples} images; --num={num} takes twice as "
            "many. Give a smaller --num."
        )
    real, others = (source.numpy(np.arange(start, start + num)) for start in (0, num))
    classes = [{"class_ids": of["label"]} if model.num_classes else {} for of in (real, others)]
    unit = tf.constant(others["image"], tf.float32) / 127.5 - 1
    coarse = laplacian_pyramid(unit, sizes[1:])[-1]
    refined = to_uint8(model.refine(coarse, np.arange(num), **classes[1]))
    sets = {
        "samples": to_uint8(model.sample(np.arange(num), **classes[0])),
        "of real coarse images": refined,
        "held-out": others["image"],
    }
    setting = dict(pair.partition("=")[::2] for pair in _SETTING.value)
    lines = []
    for name, images in sets.items():
        for metric, value in figures(images, real["image"], sizes).items():
            lines.append(_line(config, model, {**setting, "images": name}, metric, value))
            print(f"{name}: {lines[-1].metric} {lines[-1].shown()}", flush=True)
    if _GRID.value:
        shown = np.concatenate([others["image"][:_SHOWN], refined[:_SHOWN]]) / 127.5 - 1
        write_drawing(_GRID.value, ImageGrid(shown, columns=_SHOWN))
    if _APPEND.value:
        results.append(results.ROOT / "tfgan_suite/models/lapgan" / results.FILE, lines)


def _line(config, model, setting, metric, value):
    is_generated = setting["images"] != "held-out"
    return results.Result(
        table="details",
        metric=f"{metric}_{count_text(_NUM.value)}",
        value=value,
        setting=setting,
        seeds=(config.seed,) if is_generated else None,
        images_seen=int(model.images_seen.numpy()) if is_generated else None,
        seconds=(Workdir(_WORKDIR.value).seconds_spent() or None) if is_generated else None,
        machine=describe_machine(),
        commit=results.current_commit(),
        command=results.current_command(),
        protocol={
            "data": config.data.source.rpartition("/")[2],
            "weights": "as trained" if model.ema_half_life is None else "moving average",
        },
    )


if __name__ == "__main__":
    run_program(main)
