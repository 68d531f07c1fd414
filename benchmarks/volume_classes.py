"""How well a linear classifier tells volumes apart by what 3D-GAN's discriminator sees in them.

Command:
  python -m benchmarks.volume_classes --workdir=runs/solids
  python -m benchmarks.volume_classes --workdir=runs/solids --setting=data=solids --append

The paper's protocol: the maps of the discriminator from the second convolution on, max-pooled, and
a linear SVM for each class against the rest (`benchmarks.linear_svm`), which learns on labelled
training volumes and is measured on held-out ones. Beside it the same of the discriminator before
training, and of the volumes themselves, averaged to 4 x 4 x 4 places.
"""

import numpy as np
from absl import flags

from benchmarks.linear_svm import LinearClassifier
from benchmarks.sample_lines import sample_lines
from benchmarks.volume_figures import averaged
from tfgan_suite import data, models, results
from tfgan_suite.cli import run_program
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Volume
from tfgan_suite.models import ThreeDGAN
from tfgan_suite.runs import load

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_NUM = flags.DEFINE_integer("num", 1000, "Labelled volumes to learn from, at most.", lower_bound=10)
_SETTING = flags.DEFINE_list("setting", [], "heading=value,... of the rows.")
_APPEND = flags.DEFINE_bool("append", False, "Add the figures to 3D-GAN's results.jsonl.")


def main(_):
    config, model = load(_WORKDIR.value)
    if not isinstance(model, ThreeDGAN):
        raise UserInputError(
            f"--workdir={_WORKDIR.value} holds a run of {config.model.name}; expected threed_gan."
        )
    volumes, labels = {}, {}
    for split in ("train", "test"):
        source = data.open_source(config.data.to_dict(), split, Volume(model.sample_shape[0]))
        if "label" not in source.element_spec:
            raise UserInputError(f"{source.name} has no labels to classify by.")
        most = _NUM.value if split == "train" else source.num_examples
        examples = source.numpy(np.arange(min(most, source.num_examples)))
        volumes[split], labels[split] = examples["volume"].astype(np.float32), examples["label"]
    untrained = models.build(config.model.to_dict())
    ways = {
        "discriminator": model.features,
        "untrained discriminator": untrained.features,
        "voxels of 4 x 4 x 4": lambda of: averaged(of, 4),
    }
    setting = dict(pair.partition("=")[::2] for pair in _SETTING.value)
    lines = []
    for name, features in ways.items():
        classifier = LinearClassifier(features(volumes["train"]), labels["train"])
        right = classifier(features(volumes["test"])) == labels["test"]
        lines += sample_lines(
            {"accuracy": right},
            "classification",
            {**setting, "features": name},
            {"labelled": len(labels["train"]), "cost": classifier.cost},
            (_WORKDIR.value, config, model) if name == "discriminator" else None,
        )
        print(f"{name}: {lines[-1].shown()}", flush=True)
    if _APPEND.value:
        results.append(results.ROOT / "tfgan_suite/models/threed_gan" / results.FILE, lines)


if __name__ == "__main__":
    run_program(main)
