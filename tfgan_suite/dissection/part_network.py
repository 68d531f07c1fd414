"""A small segmenter, trained on images whose parts are known to the pixel."""

import math
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tfgan_suite.data.files import expand
from tfgan_suite.data.options import whole_number
from tfgan_suite.dissection.units import nearest
from tfgan_suite.errors import RunFailure, UserInputError, closest_name
from tfgan_suite.files import open_regular, write_whole
from tfgan_suite.metrics.classifier import StepsBar

_HELD_OUT = 0.1
_BATCH = 32
_LARGEST = 1024


@keras.saving.register_keras_serializable(package="tfgan_suite")
class NamedSoftmax(layers.Softmax):
    """A softmax over concepts, whose names it keeps.

    Args:
        names: sequence of str, one for each channel.

    Example:

    >>> NamedSoftmax(["sky", "ground"])(keras.ops.zeros((1, 4, 4, 2))).shape
    TensorShape([1, 4, 4, 2])
    """

    def __init__(self, names: Sequence[str], **kwargs):
        kwargs.pop("axis", None)
        super().__init__(axis=-1, **kwargs)
        self.names = tuple(names)

    def get_config(self):
        return {**super().get_config(), "names": self.names}


def read_parts(path: str | Path, images: str, parts: str, names: str) -> tuple[np.ndarray, ...]:
    """Reads images, their parts and the names of these from an npz file.

    Args:
        path: of the file.
        images: its field of uint8 images, `[..., H, W, C]`.
        parts: its field of the part of each pixel, whole numbers `[..., H, W]`.
        names: its field of the names of the parts.

    Returns:
        uint8 `[N, H, W, C]`, int `[N, H, W]` and a list of names.

    Raises:
        UserInputError: no such file or field, or arrays that do not belong together.
        RunFailure: a damaged file.
    """
    path = expand(str(path))
    try:
        with open_regular(path) as opened, zipfile.ZipFile(opened):
            pass  # numpy takes what is no npz file for something else
        with np.load(path, allow_pickle=False) as file:
            for field in (images, parts, names):
                if field not in file:
                    raise UserInputError(
                        f"{path} has no field {field!r}.{closest_name(field, file.files)} It has "
                        f"{', '.join(file.files)}."
                    )
            x, y, words = file[images], file[parts], [str(name) for name in file[names].ravel()]
    except FileNotFoundError as error:
        raise UserInputError(f"There is no file {path}.") from error
    except UserInputError:
        raise
    except Exception as error:  # zipfile's and numpy's of damaged files are many
        raise RunFailure(f"{path} cannot be read: {error}") from error
    fits = x.ndim >= 4 and x.shape[:-1] == y.shape and x.dtype == np.uint8 and y.dtype.kind in "iu"
    if not fits or not x.size or y.min() < 0 or y.max() >= len(words):
        raise UserInputError(
            f"{path}: expected uint8 {images} [..., H, W, C] and whole numbers {parts} [..., H, W] "
            f"from 0 to {len(words) - 1}. Received {x.dtype} {x.shape} and {y.dtype} {y.shape}."
        )
    check_names(words, f"{path}, {names}")
    return x.reshape(-1, *x.shape[-3:]), y.reshape(-1, *y.shape[-2:]).astype(np.int32), words


def check_names(names: Sequence[str], where: str) -> None:
    """Makes sure that concepts can be told apart by their names.

    Raises:
        UserInputError: a name is no printable text or stands twice.
    """
    for number, name in enumerate(names):
        if not name.strip() or not name.isprintable() or name in names[:number]:
            raise UserInputError(
                f"{where}: expected a printable name for each concept, none twice. Received: "
                f"{list(names)}."
            )


def part_network(size: int, channels: int, names: Sequence[str], filters: int = 16) -> keras.Model:
    """Returns a U-Net of two halvings from images `[B, size, size, channels]` to parts."""

    def block(x, width, name):
        return layers.Conv2D(width, 3, padding="same", activation="relu", name=name)(x)

    inputs = keras.Input((size, size, channels), name="images")
    first = block(inputs, filters, "first")
    second = block(layers.AveragePooling2D(2)(first), 2 * filters, "second")
    third = block(layers.AveragePooling2D(2)(second), 4 * filters, "third")
    x = block(third, 4 * filters, "deepest")
    for skipped, width, name in ((second, 2 * filters, "up_second"), (first, filters, "up_first")):
        x = layers.Concatenate()([layers.UpSampling2D()(x), skipped])
        x = block(x, width, name)
    logits = layers.Conv2D(len(names), 1, name="logits")(x)
    return keras.Model(inputs, NamedSoftmax(names, name="parts")(logits), name="part_network")


def train_part_network(
    images: np.ndarray,
    parts: np.ndarray,
    names: Sequence[str],
    size: int,
    epochs: int = 3,
    seed: int = 0,
    progress: bool = False,
) -> tuple[keras.Model, dict[str, Any]]:
    """Trains a part network; the last tenth of the images is held out.

    Args:
        images: uint8 `[N, H, W, C]`.
        parts: int `[N, H, W]`.
        names: of the parts.
        size: int, a multiple of 4 up to 1,024. Images are brought to it by the mean of pixels,
            parts by the part of the nearest pixel.
        epochs: passes through the images.
        seed: of weights and order, below 2**32.
        progress: whether to show a bar on the error output.

    Returns:
        The network, and `{"held_out": images, "accuracy": share of pixels, "iou": {name: IoU}}`;
        a part that no held-out image has is left out.

    Raises:
        UserInputError: fewer than 10 images, a size that is no multiple of 4, or another seed.
        RunFailure: the loss is not finite.
    """
    if len(images) < 10 or not 8 <= size <= _LARGEST or size % 4:
        raise UserInputError(
            "A part network takes 10 images or more and a size that is a multiple of 4, from 8 to "
            f"{_LARGEST:,}. Received {len(images)} images and size={size}."
        )
    whole_number("epochs", epochs, 1)
    whole_number("seed", seed, 0, 2**32 - 1)
    keras.utils.set_random_seed(seed)
    images = _scaled(images, size)
    parts = parts[:, nearest(size, parts.shape[1])][:, :, nearest(size, parts.shape[2])]
    split = len(images) - max(int(_HELD_OUT * len(images)), 1)
    network = part_network(size, images.shape[-1], names)
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy())
    bars = [StepsBar(epochs * math.ceil(split / _BATCH))] if progress else []
    network.fit(
        images[:split],
        parts[:split],
        batch_size=_BATCH,
        epochs=epochs,
        verbose=0,
        callbacks=[keras.callbacks.TerminateOnNaN(), *bars],
    )
    if not all(np.isfinite(weight).all() for weight in network.get_weights()):
        raise RunFailure("The segmenter's weights are not finite. Try another seed.")
    found = np.argmax(network.predict(images[split:], batch_size=_BATCH, verbose=0), axis=-1)
    truth = parts[split:]
    iou = {}
    for index, name in enumerate(names):
        either = np.sum((found == index) | (truth == index))
        if np.any(truth == index):
            iou[name] = float(np.sum((found == index) & (truth == index)) / either)
    accuracy = float(np.mean(found == truth))
    return network, {"held_out": len(truth), "accuracy": accuracy, "iou": iou}


def save_network(network: keras.Model, path: str | Path) -> None:
    """Writes one `.keras` file, whole.

    Raises:
        RunFailure: it cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder) / "network.keras"
            network.save(whole)
            write_whole(Path(path), whole.read_bytes())
    except OSError as error:
        raise RunFailure(f"{path} cannot be written: {error}") from error


def _scaled(images, size):
    """Returns float32 `[N, size, size, C]` in [-1, 1]."""
    scaled = [
        tf.image.resize(images[start : start + 256], (size, size), method="area").numpy()
        for start in range(0, len(images), 256)
    ]
    return np.concatenate(scaled) / 127.5 - 1
