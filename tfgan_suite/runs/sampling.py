"""Samples from a trained run as one picture."""

from pathlib import Path

import numpy as np

from tfgan_suite import data
from tfgan_suite.drawing.grids import write_grid
from tfgan_suite.errors import UserInputError
from tfgan_suite.runs.training import load, true_modes


def sample(
    workdir: str | Path,
    out: str | Path,
    num: int = 64,
    seed: int = 0,
    checkpoint: str | None = None,
    input_dir: str | Path | None = None,
) -> dict:
    """Draws samples from a run and writes them as a grid.

    Args:
        workdir: Folder of the run.
        out: PNG file to write.
        num: Number of samples; for a translator, of pictures to translate.
        seed: Which latents, or which held-out pictures.
        checkpoint: Name of a checkpoint. Defaults to the newest sound one.
        input_dir: For translators: folder of pictures to translate, read as both domains. Defaults
            to held-out pictures of the run's own data.

    Returns:
        `{"out": path, "num": number of samples, "images_seen": age of the model}`.

    Raises:
        UserInputError: If there is no such run, checkpoint or folder, or the model takes no input.
        RunFailure: If every checkpoint is damaged, or the file cannot be written.
    """
    out = Path(out)
    if out.suffix.lower() != ".png":
        raise UserInputError(f"--out={out} must end in .png.")
    config, model = load(workdir, checkpoint)
    examples = None
    if model.data_kind == "unpaired" and input_dir is not None:
        examples = _pictures(input_dir, model, num)
    elif model.data_kind == "unpaired":
        examples = data.heldout_batch(config.data.to_dict(), model.data_kind, num=num, seed=seed)
    elif input_dir is not None:
        raise UserInputError(
            f"--input={input_dir}: the model {config.model.name!r} draws from noise and takes no "
            "pictures."
        )
    samples, columns = model.sample_grid(num, seed, examples)
    write_grid(out, samples, columns, true_modes(config.data))
    return {"out": str(out), "num": num, "images_seen": int(model.images_seen.numpy())}


def _pictures(folder, model, num):
    """Returns the folder's first pictures as examples of both domains."""
    if model.channels_a != model.channels_b:
        raise UserInputError(
            f"--input={folder}: the run's domains have {model.channels_a} and {model.channels_b} "
            "channels, so no picture belongs to both. Leave --input out."
        )
    height, width = model.image_size
    options = {"size": height, "channels": model.channels_a}
    if height != width:
        raise UserInputError(f"--input={folder}: pictures of {height} x {width} are not square.")
    source = data.open_source({"source": f"folder:{folder}", **options})
    indices = np.arange(min(num, source.num_examples))
    pictures = source.numpy(indices)["image"].astype(np.float32) / 127.5 - 1.0
    return pictures, pictures
