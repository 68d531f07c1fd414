"""How near the volumes that 3D-VAE-GAN makes of images are to the true ones.

Command:
  python -m benchmarks.volumes_of_images --workdir=runs/of_images
  python -m benchmarks.volumes_of_images --workdir=runs/of_images --append

Each held-out volume is rendered from one side, the i-th from turn i, and made again of this image.
`overlap` is the intersection over union with the true volume, and `parts`, `one_part` and
`occupancy` are those of `benchmarks.voxels`. Beside it stand: the training volume of the most
similar image, of those rendered from all sides (by squared differences of pixels); and the mean of
the training volumes, cut at the occupancy of highest overlap with them: the same answer to every
image.XX
overlap comes from the image.
"""

import numpy as np
from absl import flags

from benchmarks.copying import nearest_by_distance, overlap
from benchmarks.sample_lines import sample_lines
from benchmarks.volume_figures import figures
from tfgan_suite import data, results
from tfgan_suite.cli import run_program
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Volume
from tfgan_suite.models import ThreeDVAEGAN
from tfgan_suite.runs import load

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "Name of a checkpoint in the run. Unset: the newest."
)
_NUM = flags.DEFINE_integer("num", 512, "Held-out volumes, at most.", lower_bound=2)
_KNOWN = flags.DEFINE_integer(
    "known", 1000, "Training volumes, at most, that the baselines know.", lower_bound=1
)
_THRESHOLD = flags.DEFINE_float("threshold", 0.5, "Occupancy above which a voxel is full.")
_SETTING = flags.DEFINE_list("setting", [], "heading=value,... of the rows.")
_APPEND = flags.DEFINE_bool("append", False, "Add the figures to 3D-VAE-GAN's results.jsonl.")


def main(_):
    config, model = load(_WORKDIR.value, _CHECKPOINT.value)
    if not isinstance(model, ThreeDVAEGAN):
        raise UserInputError(
            f"--workdir={_WORKDIR.value} holds a run of {config.model.name}; expected "
            "threed_vae_gan."
        )

    def volumes_of(split, most):
        source = data.open_source(config.data.to_dict(), split, Volume(model.sample_shape[0]))
        return source.numpy(np.arange(min(most, source.num_examples)))["volume"]

    true, known = volumes_of("test", _NUM.value), volumes_of("train", _KNOWN.value)
    images = model.render(true, np.arange(len(true)))
    made = model.predict(images, batch_size=64, verbose=0)
    answers = {
        "3D-VAE-GAN": made > _THRESHOLD.value,
        "3D-VAE-GAN, image of another": np.roll(made, 1, axis=0) > _THRESHOLD.value,
        "training volume of the nearest image": known[nearest_image(model, images, known)] > 0,
        "mean training volume": np.repeat(best_mean(known)[None], len(true), axis=0),
    }
    setting = dict(pair.partition("=")[::2] for pair in _SETTING.value)
    protocol = {"training_volumes": len(known), "threshold": _THRESHOLD.value}
    lines = []
    for name, volumes in answers.items():
        found = {"overlap": overlap(volumes, true > 0)}
        shape = figures(volumes[..., 0])
        found |= {figure: shape[figure] for figure in ("occupancy", "parts", "one_part")}
        lines += sample_lines(
            found,
            "volumes_of_images",
            {"data": config.data.source.rpartition("/")[2], "volumes": name, **setting},
            protocol,
            (_WORKDIR.value, config, model) if name.startswith("3D") else None,
            to_its_end=_CHECKPOINT.value is None,
        )
    for line in lines:
        print(f"{line.setting}: {line.metric} {line.shown()}", flush=True)
    if _APPEND.value:
        results.append(results.ROOT / "tfgan_suite/models/threed_vae_gan" / results.FILE, lines)


def nearest_image(model, images, known):
    """Returns which known volume looks, from some side, most like each image: indices `[N]`."""
    distances, which = [], []
    for turn in range(model.num_turns):
        seen = model.render(known, np.full(len(known), turn))
        found = nearest_by_distance(images, seen)
        distances.append(found[0])
        which.append(found[1])
    nearest = np.argmin(distances, axis=0)
    return np.array(which)[nearest, np.arange(len(images))]


def best_mean(known):
    """Returns where the mean of volumes is above the threshold of highest mean overlap with them.

    Args:
        known: `[N, S, S, S, 1]` of 0 and 1.
    """
    mean = known.mean(axis=0)
    cuts = [mean > cut for cut in np.arange(0.05, 1, 0.05)]
    overlaps = [overlap(np.broadcast_to(cut, known.shape), known).mean() for cut in cuts]
    return cuts[int(np.argmax(overlaps))]


if __name__ == "__main__":
    run_program(main)
