"""Draws samples from a trained run and writes them as one PNG grid, or clips as an animation.

  python -m launch.sample --workdir=runs/mnist --num=64 --seed=0 --out=grid.png
  python -m launch.sample --workdir=runs/shapes --num=8 --out=translated.png
  python -m launch.sample --workdir=runs/shapes --num=8 --input=my_images --out=translated.png
  python -m launch.sample --workdir=runs/dots --num=8 --out=clips.gif
  python -m launch.sample --workdir=runs/stylegan --num=6 --drawing=mixing --out=mixing.png

Prints one JSON line. Exit codes: 0 done, 1 failure, 2 wrong usage.
"""

import json

from absl import flags

from tfgan_suite import runs
from tfgan_suite.cli import run_program

WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "Name of a checkpoint in the run, such as 000000050000. Unset: the newest."
)
NUM = flags.DEFINE_integer(
    "num",
    64,
    "Samples to draw, of a conditional model in equal shares of all classes and at least one of "
    "each; for a translator, images to translate.",
    lower_bound=1,
)
SEED = flags.DEFINE_integer(
    "seed", 0, "Chooses the latents; for a translator, the held-out images.", lower_bound=0
)
INPUT = flags.DEFINE_string(
    "input",
    None,
    "For translators: folder of images to translate. Unset: held-out images of the run's data.",
)
DRAWING = flags.DEFINE_string(
    "drawing",
    "samples",
    "What to draw, where a model has more than its samples: of a StyleGAN also mixing (coarse "
    "styles of the row's seed, finer ones of the column's) and truncation, --num rows of each.",
)
OUT = flags.DEFINE_string(
    "out", "grid.png", "PNG file to write; of a model of clips also a GIF file."
)


def main(overrides):
    del overrides
    result = runs.sample(
        WORKDIR.value,
        OUT.value,
        num=NUM.value,
        seed=SEED.value,
        checkpoint=CHECKPOINT.value,
        input_dir=INPUT.value,
        drawing=DRAWING.value,
    )
    print(json.dumps(result))


if __name__ == "__main__":
    run_program(
        main,
        groups={
            "What to draw from": ["workdir", "checkpoint"],
            "What to draw": ["drawing", "num", "seed", "input"],
            "Where": ["out"],
        },
    )
