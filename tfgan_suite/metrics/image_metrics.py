"""Metrics of generated images, asked for by names that say the protocol.

`fd_<features>_<count>`: Fréchet distance on named features between so many generated images and as
many held-out real ones; `fd_<features>_<count>_train`: training ones instead. It is not FID, whose
features are those of one Inception network.

`swd_<count>`: sliced Wasserstein distance between patches, size by size; `swd_<count>_train`.

`class_accuracy_<classifier>_<count>`: share of generated images that a classifier takes for the
class that was asked for.

A count is written as 10k or 2500.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tfgan_suite.errors import RunFailure, UserInputError, closest_name
from tfgan_suite.metrics.classifier import Classifier
from tfgan_suite.metrics.features import ImageFeatures
from tfgan_suite.metrics.frechet import GaussianFit, frechet_distance
from tfgan_suite.metrics.sliced_wasserstein import SMALLEST, Patches, sliced_wasserstein

_BEHIND_KIND = re.compile(
    r"(_(?P<network>[a-z][a-z0-9]*))?(_(?P<count>[1-9][0-9]*k?))?(?P<train>_train)?"
)
_Z = 1.959964  # of a normal distribution, 95 % lie within so many standard deviations

Batches = Iterable[tuple[np.ndarray, np.ndarray | None]]
"""uint8 images `[B, H, W, C]` and their int classes `[B]`, or None where they have none."""


class Networks(NamedTuple):
    """What metrics may look at images with.

    Args:
        features: `{name: function}`; the function returns `ImageFeatures` of this name.
        classifier: a `Classifier` or None.
    """

    features: Mapping[str, Callable[[], ImageFeatures]]
    classifier: Classifier | None = None


class FrechetDistance:
    """Fréchet distance on features, see `frechet_distance`."""

    needs_classes = False

    def __init__(self, network: str | None, num: int, split: str, networks: Networks):
        known = dict(networks.features)
        if networks.classifier is not None:
            known[networks.classifier.name] = networks.classifier.features
        if network not in known:
            raise UserInputError(
                f"There are no features called {network!r}.{closest_name(str(network), known)} "
                f"Known: {', '.join(known) or 'none'}. --classifier=FILE.keras gives features of "
                "the file's name, --squeezenet=FILE.npz those of SqueezeNet."
            )
        if num < 2:
            raise UserInputError("A Fréchet distance needs two images or more on each side.")
        self.num, self.split = num, split
        self.num_real = num
        self.name = f"fd_{network}_{count_text(num)}" + ("_train" if split == "train" else "")
        self._features = known[network]()
        self._real, self._fake = GaussianFit(), GaussianFit()

    @property
    def image_shape(self) -> tuple[int | None, int | None, int]:
        """Height, width and channels that the network takes."""
        return self._features.image_shape

    def add_real(self, images: np.ndarray) -> None:
        self._real.add(self._features(images))

    def add_fake(self, images: np.ndarray, class_ids: np.ndarray | None) -> None:
        del class_ids
        self._fake.add(self._features(images))

    def result(self) -> dict[str, Any]:
        real, fake = self._real.result(), self._fake.result()
        return {
            "value": frechet_distance(real, fake),
            "unit": None,
            "interval": None,
            "features": self._features.name,
            "feature_size": len(real.mean),
            "network_sha256": self._features.digest(),
            "generated": fake.count,
            "real": real.count,
            "split": self.split,
        }


class SlicedWasserstein:
    """Sliced Wasserstein distance times 1,000, see `sliced_wasserstein`: the mean over sizes."""

    needs_classes = False
    #: Of the model's own images.
    image_shape = (None, None, None)

    def __init__(self, network: str | None, num: int, split: str, networks: Networks):
        del networks
        if network is not None:
            raise UserInputError(f"swd looks through no network: leave out {network!r}.")
        self.num = self.num_real = num
        self.split = split
        self.name = f"swd_{count_text(num)}" + ("_train" if split == "train" else "")
        self._real, self._fake = Patches(), Patches()

    def add_real(self, images: np.ndarray) -> None:
        self._add(self._real, images)

    def add_fake(self, images: np.ndarray, class_ids: np.ndarray | None) -> None:
        del class_ids
        self._add(self._fake, images)

    def _add(self, patches, images):
        height, width = images.shape[1:3]
        if height != width or height % SMALLEST or (height // SMALLEST).bit_count() != 1:
            raise UserInputError(
                f"{self.name} takes square images whose side is 16 times a power of two; received "
                f"{height} x {width}."
            )
        patches.add(images)

    def result(self) -> dict[str, Any]:
        real, fake = self._real.levels(), self._fake.levels()
        if real.keys() != fake.keys():
            raise UserInputError(
                f"{self.name}: real images of {max(real)} pixels beside generated ones of "
                f"{max(fake)}. Set --data.size of the run to the size of its images."
            )
        by_size = {n: 1e3 * sliced_wasserstein(real[n], fake[n]) for n in sorted(real)}
        return {
            "value": float(np.mean(list(by_size.values()))),
            "unit": "x 1e-3",
            "interval": None,
            "by_size": {str(size): round(value, 4) for size, value in by_size.items()},
            "generated": self._fake.count,
            "real": self._real.count,
            "split": self.split,
        }


class ClassAccuracy:
    """Share of images that a classifier takes for the class asked for."""

    needs_classes = True
    num_real, split = 0, "test"

    def __init__(self, network: str | None, num: int, split: str, networks: Networks):
        classifier = networks.classifier
        if classifier is None:
            raise UserInputError("class_accuracy needs a classifier: --classifier=FILE.keras.")
        if network not in (None, classifier.name):
            raise UserInputError(
                f"class_accuracy_{network}: the classifier is called {classifier.name!r}."
            )
        if split == "train":
            raise UserInputError("class_accuracy looks at no real images: leave out _train.")
        self.num = num
        self.name = f"class_accuracy_{classifier.name}_{count_text(num)}"
        self._classifier = classifier
        self.num_classes = classifier.num_classes
        self._asked = np.zeros(self.num_classes, np.int64)
        self._right = np.zeros(self.num_classes, np.int64)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels that the network takes."""
        return tuple(self._classifier.record["image_shape"])

    def add_fake(self, images: np.ndarray, class_ids: np.ndarray | None) -> None:
        if class_ids is None:
            raise UserInputError(
                f"{self.name} needs images of known classes: a model whose signature takes "
                "class_id, or a folder with a sub-folder for each class."
            )
        if class_ids.max() >= self.num_classes:
            raise UserInputError(
                f"{self.name}: the images have a class {class_ids.max()}, the classifier knows 0 "
                f"to {self.num_classes - 1}."
            )
        found = self._classifier.class_ids(images)
        np.add.at(self._asked, class_ids, 1)
        np.add.at(self._right, class_ids, found == class_ids)

    def result(self) -> dict[str, Any]:
        right, asked = int(self._right.sum()), int(self._asked.sum())
        record = self._classifier.record
        return {
            "value": right / asked,
            "unit": "share",
            "interval": wilson_interval(right, asked),
            "by_class": [
                round(r / a, 6) if a else None
                for r, a in zip(self._right.tolist(), self._asked.tolist(), strict=True)
            ],
            "generated": asked,
            "classifier": record["name"],
            "network_sha256": self._classifier.digest(),
            "classifier_accuracy": record["accuracy"],
            "classifier_held_out": record["held_out"],
            "classifier_class_accuracy": record["class_accuracy"],
        }


METRICS: dict[str, type] = {
    "fd": FrechetDistance,
    "swd": SlicedWasserstein,
    "class_accuracy": ClassAccuracy,
}
"""Metrics by the first part of their names. To add one, add its class here: see those above."""


def metric_of(name: str, networks: Networks, num: int = 10_000):
    """Returns a metric that is ready to take images.

    Args:
        name: see this module. Without a count it takes `num`.
        networks: what it may look at images with.
        num: number of generated images where the name says none.

    Raises:
        UserInputError: an unknown name, or a network that is not there.
    """
    kind = next((kind for kind in METRICS if name == kind or name.startswith(f"{kind}_")), None)
    found = kind and _BEHIND_KIND.fullmatch(name.removeprefix(kind))
    if not found:
        raise UserInputError(
            f"Unknown metric {name!r}.{closest_name(name, METRICS)} Expected "
            "fd_<features>_<count>, swd_<count>, both with _train behind them for a distance to "
            "training images, or class_accuracy; a count is written as 10k or 2500."
        )
    count = _count_of(found["count"])
    split = "train" if found["train"] else "test"
    return METRICS[kind](found["network"], count or num, split, networks)


def measure(
    metrics: Sequence,
    fake: Callable[[int], Batches],
    real: Callable[[int, str], Batches],
    advance: Callable[[int], None] = lambda images: None,
) -> dict[str, dict[str, Any]]:
    """Feeds metrics with images, batch by batch, and returns their results by name.

    Args:
        metrics: as `metric_of` returns them.
        fake: takes a number and returns so many generated images.
        real: takes a number and a split and returns so many real images.
        advance: called with the number of images in each batch.

    Raises:
        UserInputError: fewer images than a metric takes.
    """
    for split in ("test", "train"):
        those = [m for m in metrics if m.num_real and m.split == split]
        if those:
            most = max(metric.num_real for metric in those)
            for batch in _first([m.num_real for m in those], real(most, split)):
                for metric, (images, _) in zip(those, batch, strict=True):
                    if len(images):
                        metric.add_real(images)
                advance(max(len(images) for images, _ in batch))
    most = max(metric.num for metric in metrics)
    for batch in _first([metric.num for metric in metrics], fake(most)):
        for metric, (images, class_ids) in zip(metrics, batch, strict=True):
            if len(images):
                metric.add_fake(images, class_ids)
        advance(max(len(images) for images, _ in batch))
    return {metric.name: metric.result() for metric in metrics}


def _first(counts: Sequence[int], batches: Batches) -> Iterator[list]:
    """Yields for each of some counts its part of each batch."""
    seen = 0
    for images, class_ids in batches:
        parts = []
        for count in counts:
            take = min(max(count - seen, 0), len(images))
            parts.append((images[:take], None if class_ids is None else class_ids[:take]))
        yield parts
        seen += len(images)
    if seen < max(counts):
        raise RunFailure(f"{max(counts)} images were asked for and {seen} came.")


def count_text(num: int) -> str:
    """Returns a count as names of metrics have it.

    Example:

    >>> count_text(10_000), count_text(2_500)
    ('10k', '2500')
    """
    return f"{num // 1000}k" if num % 1000 == 0 else str(num)


def _count_of(text):
    if text is None:
        return None
    return int(text[:-1]) * 1000 if text.endswith("k") else int(text)


def wilson_interval(successes: int, trials: int) -> list[float]:
    """Returns the 95 % interval of a share, after Wilson (1927).

    Example:

    >>> [round(end, 3) for end in wilson_interval(9_800, 10_000)]
    [0.977, 0.983]
    """
    share, spread = successes / trials, _Z**2 / trials
    centre = share + spread / 2
    half = _Z * np.sqrt(share * (1 - share) / trials + spread / (4 * trials))
    return [float((centre - half) / (1 + spread)), float((centre + half) / (1 + spread))]
