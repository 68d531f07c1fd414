"""Writes a run as an animated GIF: how it trained, or the way from seed to seed.

  python -m launch.film --workdir=runs/openmoji --out=growth.gif
  python -m launch.film --workdir=runs/stylegan --seeds=3,7,12 --out=between.gif

The frames of the first are the files in the run's `samples` folder, in the order of images seen:
the same seeds in each. Those of the second are images between the seeds, in this order and back to
the first, on the model's own way (`between`): on great circles of latents, in w of a StyleGAN.
Volumes are shown from four sides.
Prints one JSON line. Exit codes: 0 done, 1 failure, 2 wrong usage.
"""

import json
from pathlib import Path

import numpy as np
from absl import flags
from PIL import Image

from tfgan_suite.cli import run_program
from tfgan_suite.drawing import ImageGrid, write_film
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.runs import Workdir, load

WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
OUT = flags.DEFINE_string("out", "film.gif", "GIF file to write.")
SEEDS = flags.DEFINE_list("seeds", None, "Whole numbers: show the way between their images.")
STEPS = flags.DEFINE_integer("steps", 16, "Frames from one seed to the next.", lower_bound=1)
MILLISECONDS = flags.DEFINE_integer("milliseconds", 500, "Time of a frame.", lower_bound=20)


def main(overrides):
    del overrides
    images = training_frames() if SEEDS.value is None else frames_between()
    write_film(OUT.value, images, MILLISECONDS.value)
    print(json.dumps({"out": OUT.value, "frames": len(images)}))


def training_frames() -> list[Image.Image]:
    """Returns the drawings of the run."""
    folder = Workdir(WORKDIR.value).samples
    files = sorted(Path(folder).glob("*.png"))
    if not files:
        raise UserInputError(f"{folder} holds no drawings: a run writes them by `sample_every`.")
    try:
        return [Image.open(file).convert("RGB") for file in files]
    except OSError as error:
        raise RunFailure(f"A drawing in {folder} cannot be read: {error}") from error


def frames_between() -> list[Image.Image]:
    """Returns images on the way through the seeds, the last one's neighbour being the first."""
    try:
        seeds = [int(seed) for seed in SEEDS.value]
    except ValueError:
        seeds = []
    if len(seeds) < 2:
        raise UserInputError(
            f"--seeds takes two whole numbers or more, --seeds=3,7,12. Received: "
            f"{','.join(SEEDS.value)!r}."
        )
    config, model = load(WORKDIR.value)
    if not hasattr(model, "between"):
        raise UserInputError(f"A {config.model.name} has no images between seeds.")
    starts = np.repeat(seeds, STEPS.value)
    ends = np.repeat(np.roll(seeds, -1), STEPS.value)
    positions = np.tile(np.arange(STEPS.value) / STEPS.value, len(seeds))
    images = model.between(starts, ends, positions)
    if hasattr(model, "views"):
        images = model.views(images)
    return [ImageGrid(images[i : i + 1]).render() for i in range(len(images))]


if __name__ == "__main__":
    run_program(
        main,
        groups={"What": ["workdir", "seeds"], "How": ["steps", "milliseconds"], "Where": ["out"]},
    )
