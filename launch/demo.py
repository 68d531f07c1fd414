"""The whole way in a few minutes: train a CycleGAN, publish it, run it in TensorFlow's C++ loader.

Trains `launch/configs/cyclegan_shapes.py` on the built-in unpaired domains, exports a SavedModel,
checks every signature in a process without TensorFlow's Python, and measures the translation of
held-out images against their true counterparts, which the built-in data knows.

  python -m launch.demo --workdir=runs/demo

The last line is one JSON object: `workdir`, `servable`, `signatures`, `verified`; in both
directions the PSNR in dB, `psnr_translated` and `psnr_untranslated` (of doing nothing); and, of
`heldout_images`, `right_images` and `clean_images`. Right: on the shape and two pixels around it
the translation is nearer to the true counterpart than to any of the 31 images of the same scene
with another colour or texture. Clean: its distance is at most 0.8 of that to the nearest of them
(`tfgan_suite.metrics.recognised`). Exit codes: 0 done, 1 failure, 2 wrong usage.
"""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from absl import flags

from tfgan_suite import runs
from tfgan_suite.cli import run_program
from tfgan_suite.errors import RunFailure

CONFIG = Path(__file__).parent / "configs" / "cyclegan_shapes.py"
NUM_HELDOUT = 64
NUM_SHOWN = 8
DIRECTIONS = {"a_to_b": ("day", "night"), "b_to_a": ("night", "day")}

WORKDIR = flags.DEFINE_string("workdir", "runs/demo", "Folder of the run; resumes what is there.")


def main(_):
    from tfgan_suite import publishing

    workdir = Path(WORKDIR.value)
    config = runs.load_config(CONFIG)
    model = runs.train(config, workdir)

    measured, columns = measure(model.translate, config.data.size, config.seed)
    some, all_of_them = workdir / "before_after.png", workdir / "heldout.png"
    _write_columns(some, columns[:, :NUM_SHOWN], 1)
    _write_columns(all_of_them, columns, 4)

    published = publishing.publish(model, workdir / "servable")
    verified = _verify(workdir / "servable")

    print(f"Run, metrics and samples: {workdir}")
    print(f"Before, after and truth, both directions: {some}; all {NUM_HELDOUT}: {all_of_them}")
    print(f"Servable: {published.path}")
    report = {
        "workdir": str(workdir),
        "servable": str(published.path),
        "signatures": list(published.signatures),
        "verified": verified,
        **measured,
    }
    print(json.dumps(report))


def measure(translate, size, seed):
    """Measures translations of scenes that training does not see.

    Args:
        translate: function of images `[N, size, size, 3]` and a direction, as
            `CycleGAN.translate`.
        size: int. Height and width.
        seed: int. Which scenes.

    Returns:
        What `main` reports of them, and an array `[6, N, size, size, 3]`: day, translated, truth,
        night, translated, truth.
    """
    from tfgan_suite import hashing
    from tfgan_suite.data import shapes
    from tfgan_suite.metrics import psnr, recognised

    def paint(scenes, style):
        images = shapes.render(scenes, shapes.STYLES[style], size)
        return (images / 127.5 - 1).astype(np.float32)

    def repaint(scenes, style, colour, texture):
        colour = (scenes.colour + colour) % len(shapes.COLOURS)
        texture = (scenes.texture + texture) % len(shapes.TEXTURES)
        return paint(dataclasses.replace(scenes, colour=colour, texture=texture), style)

    # Not the draws of any split: those have keys of three parts.
    scenes = shapes.draw_scenes(hashing.key(seed), np.arange(2 * NUM_HELDOUT))
    halves = scenes[slice(None, NUM_HELDOUT)], scenes[slice(NUM_HELDOUT, None)]
    others = list(np.ndindex(len(shapes.COLOURS), len(shapes.TEXTURES)))[1:]
    report = {"heldout_images": NUM_HELDOUT}
    columns = []
    for (direction, (source, target)), part in zip(DIRECTIONS.items(), halves, strict=True):
        given, truth = paint(part, source), paint(part, target)
        translated = translate(given, direction)
        wrong = np.stack([repaint(part, target, *other) for other in others], axis=1)
        judged = _grown(shapes.part_masks(part, size)[..., 0] != shapes.BACKGROUND)
        for name, value in {
            "psnr_translated": round(float(np.mean(psnr(translated, truth))), 2),
            "psnr_untranslated": round(float(np.mean(psnr(given, truth))), 2),
            "right_images": int(recognised(translated, truth, wrong, judged, 1.0).sum()),
            "clean_images": int(recognised(translated, truth, wrong, judged, 0.8).sum()),
        }.items():
            report.setdefault(name, {})[direction] = value
        columns += [given, translated, truth]
    return report, np.stack(columns)


def _grown(masks, pixels=2):
    """Masks `[N, height, width]` with a border: without it an image that is not translated, but
    whose shape looks much the same by day and by night, would count as clean."""
    height, width = masks.shape[1:]
    padded = np.pad(masks, [(0, 0), (pixels, pixels), (pixels, pixels)])
    shifts = np.ndindex(2 * pixels + 1, 2 * pixels + 1)
    return np.any([padded[:, y : y + height, x : x + width] for y, x in shifts], axis=0)


def _write_columns(path, columns, repeats):
    """Writes one grid with a row for `repeats` scenes of each half."""
    images = columns.swapaxes(0, 1)
    from tfgan_suite.drawing import ImageGrid, write_drawing

    grid = ImageGrid(images.reshape(-1, *images.shape[2:]), repeats * len(columns))
    write_drawing(path, grid)


def _verify(servable):
    command = [sys.executable, "-m", "export.verify", f"--model_dir={servable}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode not in (0, 1) or not result.stdout:
        raise RunFailure(f"export.verify could not run: {result.stderr.strip()}")
    return json.loads(result.stdout)["verified"]


if __name__ == "__main__":
    run_program(main, groups={"Where": ["workdir"]})
