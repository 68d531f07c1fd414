"""Metrics of a trained run's images, or of a folder of images."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from tfgan_suite import data
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.metrics import Classifier, squeezenet_features, to_uint8
from tfgan_suite.metrics.image_metrics import Batches, Networks, measure, metric_of
from tfgan_suite.results import Result, current_command, current_commit
from tfgan_suite.runs.training import load
from tfgan_suite.runs.workdir import Workdir
from tfgan_suite.signatures.numbered import NumberedImages
from tfgan_suite.training import GenerativeModel

_BATCH = 64
_RESIZE_IN_NETWORK = "tf.image.resize bicubic, antialiased, not rounded, to the network's size"
_RESIZE_OF_FILES = "bicubic, antialiased, centre crop, rounded to uint8, to the network's size"


def evaluate(
    workdir: str | Path,
    metrics: Sequence[str],
    classifier: str | Path | None = None,
    squeezenet: str | Path | None = None,
    num: int | None = None,
    seed: int = 0,
    checkpoint: str | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Measures a run's images: any model with a signature from seeds (and classes) to images.

    Args:
        workdir: folder of the run.
        metrics: names, see `tfgan_suite.metrics.image_metrics`.
        classifier: file of `launch.train_classifier`.
        squeezenet: npz file of ImageNet weights, see `networks.squeezenet`.
        num: generated images of metrics whose names give no count; 10,000 if None.
        seed: which images: another seed draws others, and takes others of the real ones.
        checkpoint: name of a checkpoint. Defaults to the newest sound one.
        progress: whether to show a bar on the error output.

    Returns:
        `{"metrics": {name: {"value", "unit", "interval", ...}}, "model", "images_seen", "seed",
        "seconds", ...}`, as JSON can hold it.

    Raises:
        UserInputError: no such run, checkpoint or file, an unknown metric, a model that makes no
            images of seeds, or fewer real images than a metric takes.
        RunFailure: a damaged file, or non-finite images.
    """
    began = time.perf_counter()
    asked = metrics_named(metrics, classifier, squeezenet, num or 10_000)
    config, model = load(workdir, checkpoint)
    fake = GeneratedImages(model, str(config.model.name), seed)
    data_config = config.data.to_dict()

    def real(count, split):
        return real_images(data_config, count, split, seed)

    with _bar(progress) as bar:
        results = measure(asked, fake, real, bar.update)
    return {
        "metrics": results,
        "model": config.model.name,
        "workdir": str(workdir),
        "images_seen": int(model.images_seen.numpy()),
        "training_seed": int(config.seed),
        "training_seconds": Workdir(workdir).seconds_spent() or None,
        "weights": "as trained" if model.ema_half_life is None else "moving average",
        "classes": "in equal shares" if fake.num_classes else None,
        "data": data_config["source"],
        "image_shape": list(fake.image_shape),
        "resize": _RESIZE_IN_NETWORK,
        "seed": seed,
        "seconds": round(time.perf_counter() - began, 1),
    }


def evaluate_folders(
    real: str | Path,
    fake: str | Path,
    metrics: Sequence[str],
    classifier: str | Path | None = None,
    squeezenet: str | Path | None = None,
    num: int | None = None,
    seed: int = 0,
    progress: bool = False,
) -> dict[str, Any]:
    """Measures a folder of images against another one.

    Each network gets the images brought to its own size by Pillow, straight from the files.

    Args:
        real: folder of real images.
        fake: folder of generated ones; with a sub-folder for each class for metrics of classes.
        metrics, classifier, squeezenet, progress: as for `evaluate`.
        num: images of metrics whose names give no count; None: as many as both folders have.
        seed: which images of a folder that holds more.

    Returns:
        As `evaluate`.

    Raises:
        UserInputError: no such folder or file, an unknown metric, or too few images.
        RunFailure: a damaged file.
    """
    began = time.perf_counter()
    both = min(len(_folder(place, 8, 3)[1]) for place in (real, fake))
    asked = metrics_named(metrics, classifier, squeezenet, num or both)
    results = {}
    with _bar(progress) as bar:
        for shape in dict.fromkeys(metric.image_shape for metric in asked):
            same = [metric for metric in asked if metric.image_shape == shape]
            results |= _measure_folders(same, real, fake, seed, bar.update)
    return {
        "metrics": {name: results[name] for name in (metric.name for metric in asked)},
        "real": str(real),
        "fake": str(fake),
        "resize": _RESIZE_OF_FILES,
        "seed": seed,
        "seconds": round(time.perf_counter() - began, 1),
    }


def _measure_folders(metrics, real, fake, seed, advance):
    """Measures folders by metrics whose networks take images of one shape."""
    height, width, channels = metrics[0].image_shape
    if height is None:
        raise UserInputError(
            f"{metrics[0].name}: folders are brought to the size of a metric's network, and this "
            "metric has none. Measure the run itself (--workdir), or folders by fd_squeezenet."
        )
    if height != width:
        raise UserInputError(
            f"Folders are measured by networks of square images, not {height} x {width}."
        )
    reals, fakes = (_folder(place, height, channels) for place in (real, fake))
    for metric in metrics:
        if metric.split == "train":
            raise UserInputError(f"{metric.name}: a folder is one split; leave out _train.")
        if metric.needs_classes and fakes[0].num_classes != metric.num_classes:
            # Classes are the sub-folders in order: a missing one would shift the others.
            raise UserInputError(
                f"{metric.name}: {fakes[0].name} has {fakes[0].num_classes or 'no'} sub-folders of "
                f"classes, the classifier knows {metric.num_classes} classes."
            )
    results = measure(
        metrics,
        lambda count: _images_of(*fakes, count, seed),
        lambda count, split: _images_of(*reals, count, seed),
        advance,
    )
    return {
        name: {**result, "split": "folder"} if "split" in result else result
        for name, result in results.items()
    }


_CONDITIONS = ("weights", "classes", "image_shape", "resize", "seed")  # of all metrics


def results_of(evaluation: Mapping[str, Any], table: str, setting: Mapping) -> list[Result]:
    """Returns the lines of what `evaluate` measured, for `tfgan_suite.results.append`.

    A distance that is a mean over sizes has a line for each size, too: `swd_at_64_2k`.

    Args:
        evaluation: as `evaluate` returns it.
        table: name of the table that the lines are for.
        setting: what tells this run from others of the table.
    """
    shared = {name: evaluation[name] for name in _CONDITIONS}
    shared["data"] = evaluation["data"].rpartition("/")[2]
    lines = []
    for name, result in evaluation["metrics"].items():
        result = dict(result)
        value, unit, interval = (result.pop(key) for key in ("value", "unit", "interval"))
        kind, _, count = name.partition("_")
        values = {name: value} | {
            f"{kind}_at_{size}_{count}": at_size
            for size, at_size in result.pop("by_size", {}).items()
        }
        lines += [
            Result(
                table=table,
                metric=metric,
                value=value,
                unit=unit,
                setting=dict(setting),
                interval=interval,
                interval_kind="95 %" if interval else None,
                seeds=(evaluation["training_seed"],),
                images_seen=evaluation["images_seen"],
                seconds=evaluation["training_seconds"],
                machine=describe_machine(),
                commit=current_commit(),
                command=current_command(),
                protocol={**shared, **result},
            )
            for metric, value in values.items()
        ]
    return lines


class GeneratedImages:
    """Images of a model, by a signature that takes seeds and, of a model of classes, class ids.

    Image i has seed `seed * 2**32 + i` and class `i % num_classes`. A call with a number gives so
    many, uint8, in batches with their classes.

    Args:
        model: any `GenerativeModel`.
        name: how messages call it.
        seed: which images.

    Raises:
        UserInputError: the model has no such signature.
    """

    def __init__(self, model: GenerativeModel, name: str, seed: int):
        self._model = model
        self._numbered = NumberedImages(model, name, seed)
        self.image_shape, self.num_classes = self._numbered.image_shape, self._numbered.num_classes

    def __call__(self, num: int) -> Batches:
        for start in range(0, num, _BATCH):
            inputs = self._numbered.inputs(np.arange(start, min(start + _BATCH, num)))
            images = self._model.infer(self._numbered.compute, inputs, batch_size=_BATCH)
            if not np.isfinite(images).all():
                raise RunFailure("The model makes images with non-finite values (NaN or infinity).")
            yield to_uint8(images), inputs.get("class_id")


def real_images(data_config: Mapping, count: int, split: str, seed: int) -> Batches:
    """Returns real images of a run's data, as metrics take them, without augmentation.

    Raises:
        UserInputError: there are fewer.
    """
    config = {k: v for k, v in data_config.items() if k not in ("flip", "load_size")}
    source = data.open_source(config, split)
    number = source.num_examples
    if number is not None and number < count:
        raise UserInputError(
            f"{source.name} holds {number} {'held-out' if split == 'test' else 'training'} images, "
            f"and a metric takes {count}. Ask for one with a smaller count"
            + ("" if split == "train" else ", or for a distance to training images (_train)")
            + "."
        )
    return _images_of(source, np.arange(number or count), count, seed)


def _folder(place, size, channels):
    """Returns the source of all images of a folder and the indices of them."""
    source = data.open_source(
        # Each file is read once: nothing to keep in memory.
        {"source": f"folder:{place}", "size": size, "channels": channels, "cache_gib": 0.0}
    )
    return source, np.arange(source.num_examples)


def _images_of(source, indices, count, seed) -> Batches:
    if "image" not in source.element_spec:
        raise UserInputError(f"{source.name} has no images.")
    if len(indices) < count:
        raise UserInputError(f"{source.name} holds {len(indices)} images; {count} are asked for.")
    if len(indices) > count:
        indices = np.sort(np.random.default_rng(seed).permutation(indices)[:count])
    for start in range(0, count, _BATCH):
        batch = source.numpy(indices[start : start + _BATCH])
        yield batch["image"], batch.get("label")


def metrics_named(
    names: Sequence[str], classifier: str | Path | None, squeezenet: str | Path | None, num: int
) -> list:
    """Returns metrics of images by name; arguments as those of `evaluate`.

    Raises:
        UserInputError: an unknown metric, or a file that is missing.
    """
    names = list(dict.fromkeys(names))
    if not names:
        raise UserInputError("No metric is named.")
    features: dict[str, Callable] = {}
    if squeezenet is not None:
        features["squeezenet"] = lambda: squeezenet_features(squeezenet)
    loaded = None if classifier is None else Classifier.load(classifier)
    if loaded is not None and loaded.name == "squeezenet":
        raise UserInputError(
            f"--classifier={classifier} is called squeezenet, a name that is taken."
        )
    return [metric_of(name, Networks(features, loaded), num) for name in names]


def _bar(shown):
    """Images measured, on the error output."""
    return tqdm(unit=" images", file=sys.stderr, mininterval=1, disable=not shown)
