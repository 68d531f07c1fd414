"""Whether 3D-GAN's samples are as full and as whole as real volumes, and whether they are copies.

Command:
  python -m benchmarks.voxels --workdir=runs/solids
  python -m benchmarks.voxels --workdir=runs/solids --setting=latents=normal --append

Of samples and of held-out real volumes are measured (`benchmarks.volume_figures`): the share of
full voxels; connected parts, the share of volumes that are one, and the share of voxels in the
largest; the overlap (intersection over union) of two volumes drawn at random, near 1 where all are
alike; and the overlap with the most similar training volume, beside the share of samples that are
more like one than 99 % of the held-out ones. Where volumes have kinds, the share whose most similar
training volume is of each. Of samples also the overlap of neighbours on the way from one seed to
another in eight steps.
"""

import numpy as np
from absl import flags

from benchmarks.copying import copies, nearest_by_overlap
from benchmarks.sample_lines import sample_lines
from benchmarks.volume_figures import figures, step_overlaps
from tfgan_suite import data, results
from tfgan_suite.cli import run_program
from tfgan_suite.data.solids import SOLIDS
from tfgan_suite.drawing import ImageGrid, write_drawing
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Volume
from tfgan_suite.models import ThreeDGAN
from tfgan_suite.runs import load

STEPS = 8

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "Name of a checkpoint in the run. Unset: the newest."
)
_NUM = flags.DEFINE_integer(
    "num", 512, f"Samples, a multiple of {STEPS}, and at most so many held-out volumes."
)
_THRESHOLD = flags.DEFINE_float("threshold", 0.5, "Occupancy above which a voxel is full.")
_SETTING = flags.DEFINE_list("setting", [], "heading=value,... of the samples' rows.")
_GRID = flags.DEFINE_string(
    "grid", None, "PNG file for samples, each beside its most similar training volume."
)
_APPEND = flags.DEFINE_bool("append", False, "Add the figures to the model's results.jsonl.")

_PAIRS = 12  # of the grid


def main(_):
    if _NUM.value < STEPS or _NUM.value % STEPS:
        raise UserInputError(f"--num must be a multiple of {STEPS}. Received: {_NUM.value}.")
    config, model = load(_WORKDIR.value, _CHECKPOINT.value)
    if not isinstance(model, ThreeDGAN):
        raise UserInputError(
            f"--workdir={_WORKDIR.value} holds a run of {config.model.name}; expected threed_gan."
        )
    side = model.sample_shape[0]
    train, test = (
        data.open_source(config.data.to_dict(), split, Volume(side)) for split in ("train", "test")
    )
    known = train.numpy(np.arange(train.num_examples))
    held_out = test.numpy(np.arange(min(_NUM.value, test.num_examples)))["volume"][..., 0] > 0
    known_volumes = known["volume"][..., 0] > 0

    def measured(volumes):
        """Returns figures volume by volume, and the numbers of the most similar training ones."""
        found = figures(volumes)
        found["nearest_overlap"], which = nearest_by_overlap(volumes, known_volumes)
        return found, which

    real, real_which = measured(held_out)
    seeds = np.arange(_NUM.value)
    samples = model.sample(seeds)
    found, which = measured(samples[..., 0] > _THRESHOLD.value)
    found["copies"] = copies(-found["nearest_overlap"], -real["nearest_overlap"])
    found["step_overlap"] = step_overlaps(ways(model, seeds[: len(seeds) // STEPS]))
    setting = dict(pair.partition("=")[::2] for pair in _SETTING.value)
    data_name = config.data.source.rpartition("/")[2]
    protocol = {"training_volumes": len(known_volumes), "threshold": _THRESHOLD.value}
    of_real = {"data": data_name, "volumes": "held-out"}, protocol
    of_samples = (
        {"data": data_name, "volumes": "samples", **setting},
        protocol,
        (_WORKDIR.value, config, model),
    )
    whole = _CHECKPOINT.value is None
    lines = [
        *sample_lines(real, "volumes", *of_real),
        *sample_lines(found, "volumes", *of_samples, to_its_end=whole),
    ]
    if config.data.source == "shapes":
        for of_volumes, nearest, of in ((real, real_which, of_real), (found, which, of_samples)):
            label = np.where(of_volumes["nearest_overlap"] > 0, known["label"][nearest], -1)
            kinds = {f"share_{name}": label == i for i, name in enumerate(SOLIDS)}
            lines += sample_lines(kinds, "kinds", *of, to_its_end=whole)
    for line in lines:
        print(f"{line.setting}: {line.metric} {line.shown()}", flush=True)
    if _GRID.value:
        pairs = [model.views(of[:_PAIRS]) for of in (samples, known["volume"][which])]
        pairs = np.stack(pairs, axis=1)
        write_drawing(_GRID.value, ImageGrid(pairs.reshape(-1, *pairs.shape[2:]), columns=2))
    if _APPEND.value:
        folder = results.ROOT / "tfgan_suite/models" / config.model.name
        results.append(folder / results.FILE, lines)


def ways(model, seeds):
    """Returns the volumes on the way from each seed to the next, bool `[N, STEPS + 1, D, H, W]`."""
    starts, ends = (np.repeat(which, STEPS + 1) for which in (seeds, np.roll(seeds, -1)))
    positions = np.tile(np.arange(STEPS + 1) / STEPS, len(seeds))
    volumes = model.between(starts, ends, positions)[..., 0] > _THRESHOLD.value
    return volumes.reshape(len(seeds), STEPS + 1, *volumes.shape[1:])


if __name__ == "__main__":
    run_program(main)
