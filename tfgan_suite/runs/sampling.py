"""Samples from a trained run as one image or, of clips, as an animation."""

from pathlib import Path

import numpy as np

from tfgan_suite import data
from tfgan_suite.data.options import one_of
from tfgan_suite.drawing import write_drawing, write_film
from tfgan_suite.drawing.film import CLIP_MILLISECONDS
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import flat
from tfgan_suite.runs import config as run_config
from tfgan_suite.runs.training import load, with_modes


def sample(
    workdir: str | Path,
    out: str | Path,
    num: int = 64,
    seed: int = 0,
    checkpoint: str | None = None,
    input_dir: str | Path | None = None,
    drawing: str = "samples",
) -> dict:
    """Draws samples from a run and writes them as a grid; clips as strips or playing.

    Args:
        workdir: Folder of the run.
        out: PNG file to write; for a model of clips also a GIF file.
        num: Number of samples; for a translator, of images to translate.
        seed: Which latents, or which held-out images.
        checkpoint: Name of a checkpoint. Defaults to the newest sound one.
        input_dir: For translators: folder of images to translate, read as both domains. Defaults
            to held-out images of the run's own data.
        drawing: Which of the model's `drawings`.

    Returns:
        `{"out": path, "num": number of samples, "images_seen": age of the model}`. There are
        fewer samples than asked for where the folder or the held-out data have fewer examples.

    Raises:
        UserInputError: If there is no such run, checkpoint or folder, or the model takes no input.
        RunFailure: If every checkpoint is damaged, or the file cannot be written.
    """
    out = Path(out)
    if out.suffix.lower() not in (".png", ".gif"):
        raise UserInputError(f"--out={out} must end in .png, or .gif for a model of clips.")
    if not 1 <= num <= run_config.MAX_SAMPLES:
        raise UserInputError(
            f"num={num} must be at least 1 and at most {run_config.MAX_SAMPLES:,}."
        )
    config, model = load(workdir, checkpoint)
    examples = None
    if model.draws_examples:
        examples = (
            _images(input_dir, model, num)
            if input_dir is not None
            else data.heldout_batch(config.data.to_dict(), model.batch_spec(), num, seed)
        )
        num = min([num, *map(len, examples.values())])
    elif input_dir is not None:
        raise UserInputError(
            f"--input={input_dir}: the model {config.model.name!r} draws from noise and takes no "
            "images."
        )
    drawings = model.drawings()
    one_of("drawing", drawing, tuple(drawings))
    drawn = with_modes(drawings[drawing](num, seed, examples), config, model)
    if out.suffix.lower() == ".png":
        write_drawing(out, drawn)
    elif hasattr(drawn, "frames"):
        write_film(out, drawn.frames(), CLIP_MILLISECONDS)
    else:
        raise UserInputError(
            f"--out={out}: the samples of {config.model.name!r} do not move. End it in .png."
        )
    return {"out": str(out), "num": num, "images_seen": int(model.images_seen.numpy())}


def _images(folder, model, num):
    """Returns the folder's first images as examples of each of the model's fields."""
    fields = flat(model.batch_spec())
    shapes = {field.shape for field in fields.values()}
    if any(field.kind != "image" for field in fields.values()) or len(shapes) > 1:
        raise UserInputError(
            f"--input={folder}: the model takes "
            f"{', '.join(f'{name} ({field.describe()})' for name, field in fields.items())}, so no "
            "image can be all of them. Leave --input out."
        )
    height, width, channels = shapes.pop()
    if height != width:
        raise UserInputError(f"--input={folder}: images of {height} x {width} are not square.")
    source = data.open_source({"source": f"folder:{folder}", "size": height, "channels": channels})
    images = source.numpy(np.arange(min(num, source.num_examples)))["image"]
    return {name: field.from_source(images).numpy() for name, field in fields.items()}
