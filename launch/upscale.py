"""Enlarges the images of a folder by a trained SRGAN.

  python -m launch.upscale --in=photos --out=enlarged --workdir=runs/srgan
  python -m launch.upscale --in=photos --out=enlarged --model=srgan.keras

Every image below --in becomes a PNG file of the same name below --out; one that is there is
replaced. Images are computed in tiles: beside the image and its enlargement it takes the memory of
one tile. What cannot be read or has more than --max_pixels pixels is named and left out. The images
done are named as they are written. Prints one JSON line. Exit codes: 0 done, 1 some images were
left out or a failure, 2 wrong usage.
"""

import io
import json
import os
import sys
import time
from pathlib import Path

from absl import flags
from PIL import Image

from tfgan_suite.cli import EXIT_FAILURE, run_program
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.files import write_whole

IN = flags.DEFINE_string("in", None, "Folder of images.", required=True)
OUT = flags.DEFINE_string("out", None, "Folder to write into.", required=True)
WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a run of srgan.")
CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "Name of a checkpoint in the run. Unset: the newest."
)
MODEL = flags.DEFINE_string("model", None, "File .keras of an SRGAN, in the place of --workdir.")
MAX_PIXELS = flags.DEFINE_integer(
    "max_pixels", 2048 * 2048, "Images with more pixels are left out.", lower_bound=1
)


def main(_):
    if (WORKDIR.value is None) == (MODEL.value is None):
        raise UserInputError("Give --workdir=RUN or --model=FILE.keras, one of the two.")
    if MODEL.value and CHECKPOINT.value:
        raise UserInputError("--checkpoint belongs to --workdir: leave it out.")
    for flag in (IN, OUT):
        if not flag.value:
            raise UserInputError(f"--{flag.name}= is empty. Give a folder.")
    source, target = Path(IN.value), Path(OUT.value)
    if target.exists() and not target.is_dir():
        raise UserInputError(f"--out={target} is a file. Give a folder to write into.")
    pairs = files_of(source, target)
    model = load_model()
    upscale = model.upscaling_function()
    left_out = 0
    for number, (file, made) in enumerate(pairs, 1):
        begin = time.monotonic()
        try:
            image = read(file, model.channels)
        except RunFailure as error:
            left_out += 1
            print(f"Left out: {error}", file=sys.stderr, flush=True)
            continue
        enlarged = upscale(image).numpy()
        write(made, enlarged)
        sizes = " -> ".join(f"{x.shape[1]} x {x.shape[0]}" for x in (image, enlarged))
        seconds = time.monotonic() - begin
        name = made.relative_to(target)
        print(
            f"{number}/{len(pairs)} {name}: {sizes}, {seconds:.1f} s", file=sys.stderr, flush=True
        )
    done = len(pairs) - left_out
    print(json.dumps({"out": str(target), "upscaled": done, "left_out": left_out}))
    return EXIT_FAILURE if left_out else None


def files_of(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """Returns the images below a folder, each with the file that it becomes.

    Raises:
        UserInputError: there are none, or two would become one file.
    """
    from tfgan_suite.data.folder import EXTENSIONS

    if not source.is_dir():
        raise UserInputError(f"--in={source} is not a folder. Give one that holds image files.")
    inside = os.path.realpath(target) + os.sep
    if inside.startswith(os.path.realpath(source) + os.sep):
        raise UserInputError(
            f"--out={target} lies in --in={source}, whose images it would join. Choose another."
        )
    found = {}
    for file in sorted(source.rglob("*")):
        name = file.relative_to(source)
        if file.suffix.lower() not in EXTENSIONS or any(p.startswith(".") for p in name.parts):
            continue
        if file.is_dir():
            continue
        made = target / name.with_suffix(".png")
        if made in found:
            raise UserInputError(
                f"{file} and {found[made]} would both become {made}. Rename one of them."
            )
        found[made] = file
    if not found:
        raise UserInputError(
            f"There is no image below --in={source}. Files count by their extension: "
            f"{', '.join(sorted(EXTENSIONS))}."
        )
    return [(file, made) for made, file in found.items()]


def load_model():
    """Returns the model that the flags name."""
    from tfgan_suite.models.trained import trained_model
    from tfgan_suite.runs import load

    if MODEL.value:
        if not Path(MODEL.value).is_file():
            raise UserInputError(f"There is no file --model={MODEL.value}.")
        model = trained_model("--model", MODEL.value, "an SRGAN")
    else:
        _, model = load(WORKDIR.value, CHECKPOINT.value)
    if not hasattr(model, "upscaling_function"):
        raise UserInputError(
            f"--{'model' if MODEL.value else 'workdir'}={MODEL.value or WORKDIR.value} holds a "
            f"{type(model).__name__}; expected an SRGAN."
        )
    return model


def read(file: Path, channels: int):
    """Returns an image, uint8 `[H, W, channels]`.

    Raises:
        RunFailure: it cannot be read, or is too large.
    """
    from tfgan_suite.data.images import ImageRules, read_image

    image = read_image(file, ImageRules(size=None, channels=channels))
    height, width = image.shape[:2]
    if height * width > MAX_PIXELS.value:
        raise RunFailure(
            f"{file}: {width} x {height} are more than --max_pixels={MAX_PIXELS.value:,} pixels."
        )
    return image


def write(file: Path, image) -> None:
    """Writes a PNG file beside its place, then renames it."""
    content = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(content, "PNG")
    try:
        write_whole(file, content.getvalue())
    except OSError as error:
        raise RunFailure(f"{file} cannot be written: {error}") from error


if __name__ == "__main__":
    run_program(
        main,
        groups={
            "What": ["in", "workdir", "checkpoint", "model"],
            "How": ["max_pixels"],
            "Where": ["out"],
        },
    )
