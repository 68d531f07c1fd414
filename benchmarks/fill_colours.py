"""What latents of a run of BicycleGAN on `shapes` say of the colour that an outline is filled with.

Command:
  python -m benchmarks.fill_colours --workdir=runs/bicyclegan_shapes
  python -m benchmarks.fill_colours --workdir=runs/bicyclegan_shapes --append

On held-out scenes: the correlation of the fill's red, green and blue with a linear function of
latents, fitted to one half and measured on the other; of the true images with their encodings, and
of answers with the random latents that they were made from. Also how far the colours of one
drawing's answers to 8 latents spread, and those of the true images of all: root of the mean
variance, of channels in [-1, 1]. A run of pix2pix is measured by the spread of its answers alone.
"""

import numpy as np
from absl import flags

from benchmarks.pair_figures import colour_correlation, fill_colours
from tfgan_suite import results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.data import shapes
from tfgan_suite.data.opening import open_sources
from tfgan_suite.errors import UserInputError
from tfgan_suite.runs import Workdir, load

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_NUM = flags.DEFINE_integer("num", 500, "Held-out scenes.", lower_bound=64)
_APPEND = flags.DEFINE_bool("append", False, "Add the figures to BicycleGAN's results.jsonl.")

ANSWERS = 8


def main(_):
    config, model = load(_WORKDIR.value)
    if config.data.source != "shapes" or not hasattr(model, "translate"):
        raise UserInputError(
            f"--workdir={_WORKDIR.value} holds a run of {config.model.name} on "
            f"{config.data.source}; expected bicyclegan or pix2pix on shapes."
        )
    pair = open_sources(config.data.to_dict(), "paired", "test")
    a, b = (source.numpy(np.arange(_NUM.value)) for source in pair)
    visible = (b["mask"] == shapes.BODY).any(axis=(1, 2, 3))
    drawings, truth = (part["image"][visible] / np.float32(127.5) - 1 for part in (a, b))
    masks = b["mask"][visible]
    colours = fill_colours(truth, masks)
    num = len(drawings)
    seeds = np.arange(num * ANSWERS).reshape(ANSWERS, num)
    answers = [fill_colours(model.translate(drawings, row), masks) for row in seeds]
    figures = {
        "answers_spread": _spread(np.stack(answers)),
        "truth_spread": float(np.sqrt(colours.var(axis=0).mean())),
    }
    if hasattr(model, "encode"):
        latents = np.random.default_rng(0).normal(size=(num, model.latent_size))
        made = fill_colours(model.translate_with(drawings, latents.astype(np.float32)), masks)
        encoded = model.encode(truth)
        again = model.translate_with(drawings, encoded)
        figures |= {
            "encoded_correlation": colour_correlation(encoded, colours),
            "answers_correlation": colour_correlation(latents, made),
            "l1_of_encoded": float(np.abs(again - truth).mean()),
        }
    for name, value in figures.items():
        print(f"{name}_{num}: {value:.4g}", flush=True)
    if _APPEND.value:
        lines = [_line(config, model, f"{name}_{num}", v) for name, v in figures.items()]
        file = results.ROOT / "tfgan_suite/models/bicyclegan" / results.FILE
        results.append(file, lines)


def _spread(answers):
    """Root of the mean variance over answers to one drawing, of `[answers, N, C]`."""
    return float(np.sqrt(answers.var(axis=0).mean()))


def _line(config, model, metric, value):
    return results.Result(
        table="fill_colours",
        metric=metric,
        value=value,
        setting={"answers": type(model).__name__},
        seeds=(config.seed,),
        images_seen=int(model.images_seen.numpy()),
        seconds=Workdir(_WORKDIR.value).seconds_spent(),
        machine=describe_machine(),
        commit=results.current_commit(),
        command=results.current_command(),
    )


if __name__ == "__main__":
    run_program(main)
