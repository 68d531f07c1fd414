"""How sure an independent classifier is of the style of CAN's samples, and whether they are copies.

Command:
  python -m launch.train --config=launch/configs/can_shapes.py --workdir=runs/can_shapes
  python -m launch.train --config=launch/configs/can_shapes.py:0 --workdir=runs/can_shapes_0
  python -m benchmarks.styles --workdir=runs/can_shapes --workdir=runs/can_shapes_0
  python -m benchmarks.styles --workdir=runs/can_shapes --workdir=runs/can_shapes_0 --append

The runs are of the same data; in one of weight 0 the generator hears nothing of styles: a GAN. A
small convolutional network (`metrics.train_classifier`) learns the styles on the training images.
Of samples, the same seeds of each run, and of held-out real images are measured: the mean entropy
of the classifier's answer in nats, from 0 to the logarithm of the number of styles; the share of
each style; the distance to the nearest training image, as the root of the mean squared difference
of pixels in [0, 1] and of the classifier's 128 features; and the share of samples that are nearer
to a training image than 99 % of the held-out ones. Of training images that are cut and mirrored the
centre and the corners are held against samples, and their mirrors. The classifier's accuracy on
held-out images is part of their row.
"""

import numpy as np
from absl import flags

from benchmarks.copying import copies, nearest_by_distance, views
from benchmarks.sample_lines import sample_lines
from benchmarks.style_figures import figures, style_names
from tfgan_suite import data, results
from tfgan_suite.cli import run_program
from tfgan_suite.drawing import ImageGrid, write_drawing
from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import ImageFeatures, to_uint8, train_classifier
from tfgan_suite.models import CAN
from tfgan_suite.runs import load

_WORKDIR = flags.DEFINE_multi_string("workdir", None, "Folder of a run of CAN.", required=True)
_NUM = flags.DEFINE_integer("num", 1000, "Samples, and at most so many held-out images.")
_EPOCHS = flags.DEFINE_integer("epochs", 5, "Of the classifier.", lower_bound=1)
_TABLE = flags.DEFINE_string("table", "styles", "Table that the lines are for.")
_GRID = flags.DEFINE_string(
    "grid", None, "PNG file for samples of the first run, each beside its nearest training image."
)
_APPEND = flags.DEFINE_bool("append", False, "Add the figures to CAN's results.jsonl.")

_BATCH = 256
_PAIRS = 24  # of the grid


def main(_):
    runs = {workdir: load(workdir) for workdir in _WORKDIR.value}
    first = next(iter(runs.values()))[0]
    for workdir, (config, model) in runs.items():
        if not isinstance(model, CAN):
            raise UserInputError(
                f"--workdir={workdir} holds a run of {config.model.name}, not CAN."
            )
        if config.data != first.data:
            raise UserInputError(
                f"--workdir={workdir} was trained on other data than {_WORKDIR.value[0]}: "
                f"{config.data.to_dict()} and {first.data.to_dict()}. Measure them one by one."
            )
    data_config = {k: v for k, v in first.data.items() if k not in ("flip", "load_size")}
    data_config["size"] = first.data.get("load_size") or first.data.size
    train, test = (data.open_source(data_config, split) for split in ("train", "test"))
    size, flip = first.data.size, first.data.get("flip", False)
    known = views(train.numpy(np.arange(train.num_examples))["image"], size, flip)
    num_known, known = known.shape[1], known.reshape(-1, *known.shape[2:])
    held_out = test.numpy(np.arange(min(_NUM.value, test.num_examples)))
    held_out["image"] = views(held_out["image"], size)[0]
    classifier = train_classifier(first.data.to_dict(), "stylenet", _EPOCHS.value)
    hidden, logits = classifier.features(), ImageFeatures(classifier.name, classifier.network)
    styles = style_names(data_config, classifier.num_classes)
    known_features = _of_batches(hidden, known)

    def measured(images):
        """Returns figures image by image, and the numbers of the nearest training images."""
        found = figures(_of_batches(logits, images), styles)
        found["nearest_pixels"], which = nearest_by_distance(images / 255, known / 255)
        found["nearest_features"], _ = nearest_by_distance(
            _of_batches(hidden, images), known_features
        )
        return found, which

    protocol = {
        "classifier_accuracy": classifier.record["accuracy"],
        "classifier_epochs": _EPOCHS.value,
        "network_sha256": classifier.digest(),
        "training_images": num_known,
    }
    real, _ = measured(held_out["image"])
    answers = _of_batches(logits, held_out["image"]).argmax(axis=1)
    shown = {**real, "style_accuracy": answers == held_out["label"]}
    lines = sample_lines(shown, _TABLE.value, {"images": "held-out"}, protocol)
    for workdir, (config, model) in runs.items():
        images = to_uint8(model.sample(np.arange(_NUM.value)))
        found, which = measured(images)
        for how in ("pixels", "features"):
            name = f"nearest_{how}"
            found[f"copies_by_{how}"] = copies(found[name], real[name])
        weight = model.arguments["ambiguity_weight"]
        setting = {
            "images": "samples",
            "ambiguity": model.arguments["ambiguity"] if weight else "none",
            "weight": f"{weight:g}",
        }
        lines += sample_lines(found, _TABLE.value, setting, protocol, (workdir, config, model))
        if _GRID.value and workdir == _WORKDIR.value[0]:
            pairs = np.stack([images, known[which]], axis=1)[:_PAIRS]
            pairs = pairs.reshape(-1, *images.shape[1:]) / 127.5 - 1
            write_drawing(_GRID.value, ImageGrid(pairs, columns=8))
    for line in lines:
        print(f"{line.setting}: {line.metric} {line.shown()}", flush=True)
    if _APPEND.value:
        results.append(results.ROOT / "tfgan_suite/models/can" / results.FILE, lines)


def _of_batches(function, images):
    """Returns what a function of batches gives for images, whatever their number: traced once."""
    num = len(images)
    whole = np.resize(images, (-(-num // _BATCH) * _BATCH, *images.shape[1:]))
    parts = [function(whole[start : start + _BATCH]) for start in range(0, num, _BATCH)]
    return np.concatenate(parts)[:num]


if __name__ == "__main__":
    run_program(main)
