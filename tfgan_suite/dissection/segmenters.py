"""What images show, pixel by pixel: concepts by rule, or by a trained Keras network.

A segmenter has `concepts`, their names, and takes images `[B, H, W, C]` in [-1, 1] to scores
`[B, H, W, number of concepts]` in [0, 1], inside a traced function. A pixel shows a concept where
its score is above 1/2; several concepts may share a pixel. Where scores have gradients, units can
be chosen by them (`interventions.optimised_units`).
"""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import tensorflow as tf

from tfgan_suite.data import shapes
from tfgan_suite.dissection.part_network import NamedSoftmax, check_names
from tfgan_suite.errors import UserInputError, closest_name, first_line
from tfgan_suite.networks.given import check_network, last_activation

_NAMED_COLOURS = {
    "red": (0.85, 0.15, 0.15),
    "orange": (0.96, 0.55, 0.12),
    "yellow": (0.96, 0.86, 0.20),
    "green": (0.20, 0.65, 0.25),
    "teal": (0.10, 0.65, 0.65),
    "blue": (0.20, 0.35, 0.85),
    "purple": (0.55, 0.25, 0.75),
    "pink": (0.96, 0.60, 0.78),
    "brown": (0.45, 0.28, 0.14),
    "black": (0.05, 0.05, 0.05),
    "grey": (0.50, 0.50, 0.50),
    "white": (0.97, 0.97, 0.97),
}
_LUMA = (0.299, 0.587, 0.114)
_SOFT = 0.02  # squared distance of colours over which a score falls by 1/e
_FAR = 0.06  # squared distance from the nearest known colour beyond which a pixel has none


class Colours:
    """Concepts by colour alone: the nearest of some prototypes.

    Distances are squared, in brightness and, twice as heavy, the two colour differences of BT.601.

    Args:
        prototypes: dict from concept to a list of (red, green, blue) in [0, 1].
        unlike: None, or the name of one more concept: pixels far from all prototypes.

    Example:

    >>> Colours({"dark": [(0, 0, 0)], "light": [(1, 1, 1)]})(tf.ones((1, 4, 4, 3))).shape
    TensorShape([1, 4, 4, 2])
    """

    def __init__(self, prototypes: dict[str, list], unlike: str | None = None):
        self.concepts = (*prototypes, *([unlike] if unlike else []))
        self._unlike = unlike
        self._places = _opponent(
            tf.constant([rgb for group in prototypes.values() for rgb in group], tf.float32)
        )
        owners = [i for i, group in enumerate(prototypes.values()) for _ in group]
        self._owners = tf.one_hot(owners, len(prototypes))

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        if images.shape[-1] == 1:
            images = tf.repeat(images, 3, axis=-1)
        places = _opponent(images[..., :3] * 0.5 + 0.5)
        # |x - p|^2 without the differences, of which there are as many as pixels times prototypes.
        lengths = tf.reduce_sum(places**2, axis=-1, keepdims=True)
        products = tf.tensordot(places, self._places, [[-1], [-1]])
        squared = lengths - 2 * products + tf.reduce_sum(self._places**2, axis=-1)
        scores = tf.nn.softmax(-squared / _SOFT) @ self._owners
        if not self._unlike:
            return scores
        far = tf.sigmoid((tf.reduce_min(squared, axis=-1, keepdims=True) - _FAR) * (2 / _FAR))
        return tf.concat([scores * (1 - far), far], axis=-1)


def named_colours() -> Colours:
    """Returns a segmenter of any images into twelve named colours."""
    return Colours({name: [rgb] for name, rgb in _NAMED_COLOURS.items()})


def shapes_by_rule(style: str = "day") -> Colours:
    """Returns a segmenter of images of the source `shapes`: by the colours that it paints with.

    Concepts are `background`, the object colours of `shapes.COLOURS`, each with its marks, and
    `no known colour`: what the source never paints.

    Args:
        style: a key of `shapes.STYLES`.
    """
    return Colours(shapes.palette(shapes.STYLES[style]), unlike="no known colour")


class Textures:
    """Concepts of any images, by how brightness changes nearby.

    They are `smooth`, `vertical edges`, `horizontal edges` and `busy`, where both are. Energy is
    the mean square of the differences between neighbours, over `window` x `window` pixels.

    Args:
        window: odd int.
        threshold: float. Energy, of images in [-1, 1], from which a pixel is not smooth.
    """

    concepts = ("smooth", "vertical edges", "horizontal edges", "busy")

    def __init__(self, window: int = 5, threshold: float = 0.02):
        self._window, self._threshold = window, threshold

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        luma = tf.reduce_mean(images, axis=-1, keepdims=True)
        across = tf.pad((luma[:, :, 1:] - luma[:, :, :-1]) ** 2, [[0, 0], [0, 0], [0, 1], [0, 0]])
        down = tf.pad((luma[:, 1:] - luma[:, :-1]) ** 2, [[0, 0], [0, 1], [0, 0], [0, 0]])
        energy = tf.nn.avg_pool2d(
            tf.concat([across, down], axis=-1), self._window, strides=1, padding="SAME"
        )
        is_across, is_down = tf.unstack(tf.sigmoid(4 * (energy / self._threshold - 1)), axis=-1)
        return tf.stack(
            [
                (1 - is_across) * (1 - is_down),
                is_across * (1 - is_down),
                (1 - is_across) * is_down,
                is_across * is_down,
            ],
            axis=-1,
        )


class NetworkSegmenter:
    """Concepts that a Keras network tells.

    Args:
        network: `keras.Model` from images `[B, h, w, C]` in [-1, 1] to `[B, h', w', K]`:
            probabilities where it ends in a softmax or sigmoid, else logits, of which a softmax is
            taken. Images are brought to its size, and scores to that of the images, bilinearly.
        concepts: K names; None: those of a network of `part_network`, else `class 0`, `class 1` ...

    Raises:
        UserInputError: a network of other shapes, or another number of names.
    """

    def __init__(self, network: keras.Model, concepts: Sequence[str] | None = None):
        check_network("The segmenter", network)
        shapes = network.input_shape, network.output_shape
        if any(len(shape) != 4 for shape in shapes) or network.output_shape[-1] is None:
            raise UserInputError(
                "A segmenter takes images [B, H, W, C] to scores [B, H, W, concepts]. Received a "
                f"network from {network.input_shape} to {network.output_shape}."
            )
        num = network.output_shape[-1]
        last = network.layers[-1]
        named = last.names if isinstance(last, NamedSoftmax) else None
        self.concepts = tuple(concepts or named or (f"class {i}" for i in range(num)))
        if len(self.concepts) != num:
            raise UserInputError(
                f"The segmenter tells {num} concepts; received {len(self.concepts)} names."
            )
        check_names(self.concepts, "The segmenter's names")
        self._network = network
        squashes = last_activation(network) in ("softmax", "sigmoid")
        self._gives_probabilities = squashes or named is not None

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        size = images.shape[1:3]
        height, width, channels = self._network.input_shape[1:]
        if None not in (height, width):
            images = tf.image.resize(images, (height, width))
        if channels == 1 and images.shape[-1] == 3:
            images = tf.image.rgb_to_grayscale(images)
        if channels == 3 and images.shape[-1] == 1:
            images = tf.image.grayscale_to_rgb(images)
        if channels not in (None, images.shape[-1]):
            raise UserInputError(
                f"The segmenter takes images of {channels} channels; the model makes "
                f"{images.shape[-1]}."
            )
        scores = tf.cast(self._network(images, training=False), tf.float32)
        if not self._gives_probabilities:
            scores = tf.nn.softmax(scores)
        return tf.image.resize(scores, size)


SEGMENTERS: dict[str, Callable] = {
    "shapes": shapes_by_rule,
    "colours": named_colours,
    "textures": Textures,
}
"""What makes a segmenter, by the name that `launch.dissect` knows it by."""


def segmenter_of(name: str, concepts: Sequence[str] | None = None):
    """Returns a segmenter by rule, or that of a Keras file.

    Args:
        name: a key of `SEGMENTERS`, or a file `.keras` of a network (see `NetworkSegmenter`).
        concepts: names of the concepts of a network.

    Raises:
        UserInputError: there is no such segmenter or file, or names are given for one by rule.
    """
    if name in SEGMENTERS and concepts:
        raise UserInputError(
            f"The segmenter {name!r} has names of its own; names are given to a file .keras."
        )
    if name in SEGMENTERS:
        return SEGMENTERS[name]()
    if not name.endswith(".keras"):
        raise UserInputError(
            f"There is no segmenter {name!r}.{closest_name(name, SEGMENTERS)} Expected one of "
            f"{', '.join(SEGMENTERS)}, or a file .keras of a network."
        )
    if not Path(name).is_file():
        raise UserInputError(f"There is no file {name}: expected the Keras file of a segmenter.")
    if not zipfile.is_zipfile(name):
        raise UserInputError(
            f"{name} cannot be read as a Keras file: it is no zip archive, as model.save writes it."
        )
    try:
        network = keras.models.load_model(name, compile=False)
    except Exception as error:  # a damaged file leads zipfile and Keras to nearly any of them
        raise UserInputError(
            f"{name} cannot be read as a Keras file: {first_line(error)}"
        ) from error
    return NetworkSegmenter(network, concepts)


def _opponent(rgb):
    """Brightness and, twice as heavy, two colour differences."""
    luma = tf.tensordot(rgb, tf.constant(_LUMA), 1)
    return tf.stack([luma, 2 * 0.564 * (rgb[..., 2] - luma), 2 * 0.713 * (rgb[..., 0] - luma)], -1)
