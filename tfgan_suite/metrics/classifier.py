"""A small classifier of labelled images: it tells classes, and gives features to measure with."""

import io
import json
import re
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
from keras import layers
from tqdm import tqdm

from tfgan_suite import data
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.fields import ClassId, Image
from tfgan_suite.files import write_whole
from tfgan_suite.metrics.features import ImageFeatures

FEATURE_LAYER = "features"
"""Name of the classifier's last hidden layer, whose values are the features."""

NAME = re.compile(r"[a-z][a-z0-9]*")
_RECORD = "classifier.json"  # what the file holds beside the network
_BATCH, _READ = 128, 512
_SMALLEST = 8  # images are halved until their shorter side is no more than this


def classifier_network(image_shape: tuple[int, int, int], num_classes: int, seed: int = 0):
    """Builds the network: convolutions of 3 x 3 that halve the image, and one hidden layer.

    32 filters, doubled with each halving up to 128, batch norm, ReLU, max-pooling, then a dense
    layer of 128 ReLU units called `features`, dropout of a half, and the logits.

    Args:
        image_shape: (height, width, channels).
        num_classes: number of logits.
        seed: of the first weights and the dropout.

    Returns:
        `keras.Model` from float32 images in [-1, 1] to logits `[batch, num_classes]`.

    Example:

    >>> classifier_network((28, 28, 1), 10).output_shape
    (None, 10)
    """
    seeds = iter(np.random.SeedSequence(seed).generate_state(16).tolist())

    def initial():
        return keras.initializers.HeNormal(seed=next(seeds))

    x = images = keras.Input(image_shape, name="images")
    filters = 32
    while True:
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer=initial())(
            x
        )
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        if min(x.shape[1:3]) <= _SMALLEST:
            break
        x = layers.MaxPooling2D(2)(x)
        filters = min(2 * filters, 128)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu", kernel_initializer=initial(), name=FEATURE_LAYER)(x)
    x = layers.Dropout(0.5, seed=next(seeds))(x)
    logits = layers.Dense(num_classes, kernel_initializer=initial(), name="logits")(x)
    return keras.Model(images, logits, name="classifier")


class Classifier:
    """A trained network and what is known of it.

    Args:
        network: as `classifier_network` builds it: any `keras.Model` from images in [-1, 1] to
            logits with a layer called `features`.
        record: `name` (lower-case letters and digits; part of the names of metrics),
            `num_classes`, `image_shape`, `range`, `accuracy` (share of right answers on `held_out`
            images that training did not see), `class_accuracy` (the same class by class), and how
            it was trained.
    """

    def __init__(self, network: keras.Model, record: Mapping):
        self.network = network
        self.record = dict(record)
        self._logits = ImageFeatures(self.name, network)

    @property
    def name(self) -> str:
        return self.record["name"]

    @property
    def num_classes(self) -> int:
        return self.record["num_classes"]

    def class_ids(self, images: np.ndarray) -> np.ndarray:
        """Returns the most probable class of each image, int64 `[B]`.

        Args:
            images: uint8 `[B, height, width, C]`; other sizes are brought to the network's, see
                `ImageFeatures`.
        """
        return self._logits(images).argmax(axis=1)

    def features(self) -> ImageFeatures:
        """Returns the last hidden layer as features called by the classifier's name."""
        hidden = self.network.get_layer(FEATURE_LAYER).output
        return ImageFeatures(self.name, keras.Model(self.network.inputs[0], hidden))

    def digest(self) -> str:
        """Returns 12 hex digits that tell the weights from others."""
        return self._logits.digest()

    def save(self, path: str | Path) -> None:
        """Writes one `.keras` file, whole, which holds the record too.

        Raises:
            UserInputError: a name that does not end in `.keras`.
            RunFailure: the file cannot be written.
        """
        path = check_file_name(path)
        try:
            with tempfile.TemporaryDirectory() as folder:
                whole = Path(folder) / "network.keras"
                self.network.save(whole)
                with zipfile.ZipFile(whole, "a") as archive:
                    archive.writestr(_RECORD, json.dumps(self.record, indent=2) + "\n")
                write_whole(path, whole.read_bytes())
        except OSError as error:
            raise RunFailure(f"{path} cannot be written: {error}") from error

    @classmethod
    def load(cls, path: str | Path) -> "Classifier":
        """Reads a file that `save` wrote.

        Raises:
            UserInputError: no such file, or one that is no classifier of `launch.train_classifier`.
            RunFailure: a damaged file.
        """
        path = Path(path)
        if not path.is_file():
            raise UserInputError(f"There is no classifier file {path}.")
        try:
            content = path.read_bytes()
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if _RECORD not in archive.namelist():
                    raise UserInputError(
                        f"{path} is no classifier: it holds no {_RECORD}. Make one with "
                        "python -m launch.train_classifier."
                    )
                if archive.testzip():
                    raise zipfile.BadZipFile("a checksum does not match")
                record = json.loads(archive.read(_RECORD))
            return cls(keras.models.load_model(path, compile=False), record)
        except UserInputError:
            raise
        except Exception as error:  # a damaged file leads zipfile and Keras to nearly any of them
            raise RunFailure(f"{path} is no readable classifier: {error}") from error


def check_file_name(path: str | Path) -> Path:
    """Returns the path of a file to write a classifier to.

    Raises:
        UserInputError: if it does not end in `.keras`, or is a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise UserInputError(f"--out={path} is a folder; expected the name of a file.")
    if path.suffix != ".keras":
        raise UserInputError(f"--out={path} must end in .keras.")
    return path


def train_classifier(
    data_config: Mapping, name: str, epochs: int = 3, seed: int = 0, progress: bool = False
) -> Classifier:
    """Trains a classifier on the training split and measures it on the held-out one.

    Adam, whose rate falls from 1e-3 to zero along a cosine, batches of 128. `flip` and `load_size`
    of the data config augment the training images.

    Args:
        data_config: `{"source": NAME, ...}` of images with labels, see `data.training_batches`;
            it must hold out examples.
        name: lower-case letters and digits: what its features are called in the names of metrics.
        epochs: passes through the training split.
        seed: of the first weights, the dropout and the order.
        progress: whether to show a bar on the error output.

    Returns:
        A `Classifier`.

    Raises:
        UserInputError: data without labels, images or a held-out split, or a bad name.
        RunFailure: the loss is not finite.

    Example:

    >>> shapes = {"source": "shapes", "size": 16, "num_examples": 2_000, "num_test": 200}
    >>> classifier = train_classifier(shapes, "shapenet", epochs=1)
    >>> 0.0 <= classifier.record["accuracy"] <= 1.0
    True
    """
    if not NAME.fullmatch(name):
        raise UserInputError(
            f"The name {name!r} of a classifier becomes part of the names of metrics: give one of "
            "lower-case letters and digits, such as mnistnet."
        )
    source = data.open_source(_unaugmented(data_config))
    heldout = data.open_source(_unaugmented(data_config), "test")
    _check(source)
    image_shape = tuple(source.element_spec["image"].shape)
    num_classes = max(source.num_classes, heldout.num_classes)
    batch_size = min(_BATCH, source.num_examples)
    steps = epochs * -(-source.num_examples // batch_size)
    network = classifier_network(image_shape, num_classes, seed)
    network.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, steps)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    spec = {"image": Image(*image_shape), "label": ClassId(num_classes)}
    batches = data.training_batches(data_config, spec, batch_size, seed)
    network.fit(
        batches.map(lambda batch: (batch["image"], batch["label"])),
        steps_per_epoch=steps,
        shuffle=False,  # they come in another order each epoch already
        verbose=0,
        callbacks=[keras.callbacks.TerminateOnNaN(), *([StepsBar(steps)] if progress else [])],
    )
    record = {
        "name": name,
        "num_classes": num_classes,
        "image_shape": list(image_shape),
        "range": [-1.0, 1.0],
        "feature_layer": FEATURE_LAYER,
        "data": dict(data_config),
        "trained_on": source.num_examples,
        "epochs": epochs,
        "seed": seed,
    }
    # Without the optimizer, whose moments would be two thirds of the file.
    classifier = Classifier(keras.Model(network.inputs[0], network.outputs[0]), record)
    if not all(np.isfinite(weight).all() for weight in network.get_weights()):
        raise RunFailure("The classifier's weights are not finite. Try another seed.")
    classifier.record |= _accuracy(classifier, heldout)
    return classifier


def _unaugmented(data_config):
    return {key: value for key, value in data_config.items() if key not in ("flip", "load_size")}


def _check(source):
    missing = {"image", "label"} - set(source.element_spec)
    if missing or source.num_classes is None:
        raise UserInputError(
            f"A classifier learns from images with labels; {source.name} has the fields "
            f"{', '.join(sorted(source.element_spec))}. An npz file has labels in a field y, a "
            "folder has a sub-folder for each class."
        )
    if source.num_examples is None:
        raise UserInputError(f"{source.name} is endless; a classifier learns in epochs.")
    if source.num_classes < 2:
        raise UserInputError(f"{source.name} has one class; a classifier needs two or more.")


def _accuracy(classifier, source):
    """Returns the shares of right answers on a source, over all and by class."""
    right, labels = [], []
    for start in range(0, source.num_examples, _READ):
        indices = np.arange(start, min(start + _READ, source.num_examples))
        batch = source.numpy(indices)
        right.append(classifier.class_ids(batch["image"]) == batch["label"])
        labels.append(batch["label"])
    right, labels = np.concatenate(right), np.concatenate(labels)
    by_class = [right[labels == number] for number in range(classifier.num_classes)]
    return {
        "accuracy": float(right.mean()),
        "held_out": len(right),
        "class_accuracy": [float(part.mean()) if len(part) else None for part in by_class],
    }


class StepsBar(keras.callbacks.Callback):
    """Steps and loss on the error output."""

    def __init__(self, steps):
        super().__init__()
        self._steps = steps

    def on_train_begin(self, logs=None):
        self._bar = tqdm(
            total=self._steps, unit=" steps", file=sys.stderr, dynamic_ncols=True, mininterval=1
        )

    def on_train_batch_end(self, batch, logs=None):
        self._bar.set_postfix(loss=f"{logs['loss']:.3f}", refresh=False)
        self._bar.update()

    def on_train_end(self, logs=None):
        self._bar.close()
