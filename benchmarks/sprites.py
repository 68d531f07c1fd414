"""Recycle-GAN between walking characters and the parts of other characters in flat colours.

Command:
  python -m benchmarks.sprites --sprites=sprites_walk_1000.npz --workdir=runs/sprites
  python -m benchmarks.sprites --sprites=sprites_walk_1000.npz --workdir=runs/sprites --append

Writes both domains to `domains.npz` in the folder (`benchmarks.sprite_figures.domains`), trains
`launch/configs/recyclegan_sprites.py` on it (a run that is there already is only measured) and
translates frames of held-out characters, whose parts are known: the share of their pixels, of the
mean part's pixels and of intersection over union that is right, beside those of giving every
held-out frame the parts of another character. Also mean squared and absolute error of the
predictors' third frame, and those of copying the second one.
"""

import io
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks.retargeting_figures import prediction_errors
from benchmarks.sprite_figures import agreement, domains
from tfgan_suite import data, results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Clip
from tfgan_suite.files import write_whole
from tfgan_suite.runs import Workdir, load_config, train

NUM = 500

_SPRITES = flags.DEFINE_string("sprites", None, "npz file with frames and parts.", required=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder for data and run.", required=True)
_PREPARE = flags.DEFINE_bool("prepare", False, "Write the domains and stop.")
_APPEND = flags.DEFINE_bool(
    "append", False, "Add the figures to tfgan_suite/models/recyclegan/results.jsonl."
)


def main(_):
    folder = Path(_WORKDIR.value)
    file = prepare(_SPRITES.value, folder / "domains.npz")
    if _PREPARE.value:
        return
    config = load_config("launch/configs/recyclegan_sprites.py")
    config.data.source = f"npz:{file}"
    model = train(config, folder / "run")
    pairs = data.heldout_batch(config.data.to_dict(), {"a": Clip(3), "b": Clip(3)}, NUM, seed=0)
    frames, truth = pairs["a"][:, 0], pairs["b"][:, 0]
    answers = {
        "Recycle-GAN": model.translate(frames, "a_to_b"),
        "parts of another": np.roll(truth, NUM // 2, axis=0),
    }
    lines = []
    for name, images in answers.items():
        for metric, value in agreement(images, truth).items():
            lines.append(_line(config, model, folder, "parts", f"{metric}_{NUM}", name, value))
    for metric, value in prediction_errors(model, pairs).items():
        lines.append(_line(config, model, folder, "sprite_predictors", metric, None, value))
    for line in lines:
        print(f"{line.setting}: {line.metric} {line.shown()}", flush=True)
    if _APPEND.value:
        file = results.ROOT / "tfgan_suite/models/recyclegan" / results.FILE
        results.append(file, lines)


def prepare(sprites, file) -> Path:
    """Writes the two domains to a file, unless it is there."""
    if not file.exists():
        try:
            with np.load(sprites) as loaded:
                made = domains({name: loaded[name] for name in ("frames", "parts")})
        except (OSError, ValueError, KeyError) as error:
            raise UserInputError(
                f"--sprites={sprites} cannot be read: {error}. Expected an npz file with frames "
                "[1000, T, H, W, 3] and parts [1000, T, H, W]."
            ) from error
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **made)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, buffer.getvalue())
    return file


def _line(config, model, folder, table, metric, name, value):
    is_trained = name != "parts of another"
    return results.Result(
        table=table,
        metric=metric,
        value=value,
        unit="share" if table == "parts" else None,
        setting={"answers": name} if name else {"seed": config.seed},
        seeds=(config.seed,) if is_trained else None,
        images_seen=int(model.images_seen.numpy()) if is_trained else None,
        seconds=round(Workdir(folder / "run").seconds_spent(), 1) if is_trained else None,
        machine=describe_machine(),
        commit=results.current_commit(),
        command=results.current_command(),
        protocol={"weights": "moving average", "data_seed": 0},
    )


if __name__ == "__main__":
    run_program(main)
