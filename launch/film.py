"""Writes the drawings that a run made as it trained as one animated GIF.

  python -m launch.film --workdir=runs/openmoji --out=growth.gif

The frames are the files in the run's `samples` folder, in the order of images seen: the same seeds
in each. Prints one JSON line. Exit codes: 0 done, 1 failure, 2 wrong usage.
"""

import json
from pathlib import Path

from absl import flags
from PIL import Image

from tfgan_suite.cli import run_program
from tfgan_suite.drawing import write_film
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.runs import Workdir

WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
OUT = flags.DEFINE_string("out", "film.gif", "GIF file to write.")
MILLISECONDS = flags.DEFINE_integer("milliseconds", 500, "Time of a frame.", lower_bound=20)


def main(overrides):
    del overrides
    folder = Workdir(WORKDIR.value).samples
    files = sorted(Path(folder).glob("*.png"))
    if not files:
        raise UserInputError(f"{folder} holds no drawings: a run writes them by `sample_every`.")
    try:
        images = [Image.open(file).convert("RGB") for file in files]
    except OSError as error:
        raise RunFailure(f"A drawing in {folder} cannot be read: {error}") from error
    write_film(OUT.value, images, MILLISECONDS.value)
    print(json.dumps({"out": OUT.value, "frames": len(images)}))


if __name__ == "__main__":
    run_program(main, groups={"What": ["workdir"], "How": ["milliseconds"], "Where": ["out"]})
