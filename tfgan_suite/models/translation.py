"""Signatures and drawings that models from images to images share."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_suite.drawing import Clips, ImageGrid
from tfgan_suite.errors import UserInputError
from tfgan_suite.signatures import Signature, decode_images, encode_png


class Input(NamedTuple):
    """What a signature takes beside images.

    Attributes:
        spec: `tf.TensorSpec` `[None, ...]`.
        example: takes a number of rows and returns valid values.
        values: (lowest, highest) of a float input, else None.
    """

    spec: tf.TensorSpec
    example: Callable[[int], np.ndarray]
    values: tuple[float, float] | None = None


def seed_input() -> Input:
    """Returns the input `seed`, int64 `[B]` of any value."""
    spec = tf.TensorSpec([None], tf.int64, name="seed")
    return Input(spec, lambda num_rows: np.arange(num_rows, dtype=np.int64))


def translation_signatures(
    name: str,
    png_name: str | None,
    translate: Callable[..., tf.Tensor],
    image_shape: tuple[int, int, int],
    channels: int,
    translated: str,
    more: Mapping[str, Input] | None = None,
) -> dict[str, Signature]:
    """Returns the signatures of a translator: from images, and from files where channels allow it.

    Args:
        name: name of the signature from images to images.
        png_name: name of the one from image files to PNG files; None: there is none.
        translate: takes `images` `[B, H, W, C]` in [-1, 1] and the inputs of `more` by name, and
            returns translations `[B, H', W', channels]`.
        image_shape: of the images given.
        channels: of the translations.
        translated: what happens to images, for the person who calls it: "translated a to b".
        more: further inputs by name.
    """
    more = dict(more or {})
    height, width, channels_given = image_shape
    specs = {key: given.spec for key, given in more.items()}
    words = f", each with {' and '.join(f'a {key}' for key in more)}" if more else ""

    def examples(num_rows):
        return {key: given.example(num_rows) for key, given in more.items()}

    def images_to_images(images, **others):
        return {"images": tf.cast(translate(images, **others), tf.float32)}

    def files_to_files(image_bytes, **others):
        images = decode_images(image_bytes, (height, width), channels_given)
        return {"image_bytes": encode_png(images_to_images(images, **others)["images"])}

    def example_images(num_rows):
        rng = np.random.default_rng(0)
        images = rng.uniform(-1, 1, (num_rows, *image_shape)).astype(np.float32)
        return {"images": images, **examples(num_rows)}

    def example_files(num_rows):
        images = example_images(num_rows).pop("images")
        return {"image_bytes": encode_png(images).numpy(), **examples(num_rows)}

    ranges = {key: given.values for key, given in more.items() if given.values}
    signatures = {
        name: Signature(
            images_to_images,
            {"images": tf.TensorSpec([None, *image_shape], tf.float32, name="images"), **specs},
            f"Images in [-1, 1]{words}, {translated}.",
            example_images,
            ranges={"images": (-1, 1), **ranges},
        )
    }
    if png_name is not None and {channels_given, channels} <= {1, 3, 4}:
        signatures[png_name] = Signature(
            files_to_files,
            {"image_bytes": tf.TensorSpec([None], tf.string, name="image_bytes"), **specs},
            f"Image files of any size{words}, {translated}, as PNG files.",
            example_files,
            ranges=ranges,
        )
    return signatures


def examples_to_draw(examples: Mapping | None, num: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the first examples of the fields a and b.

    Raises:
        UserInputError: there are no examples.
    """
    if examples is None:
        raise UserInputError("A translator draws examples: pass those of the fields a and b.")
    return tuple(np.asarray(examples[domain])[:num] for domain in ("a", "b"))


def grid_of_columns(*columns: np.ndarray) -> ImageGrid:
    """Returns a grid of columns `[N, H, W, C]`, with grey repeated where others have colours."""
    channels = max(column.shape[-1] for column in columns)
    rows = np.stack([_with_channels(column, channels) for column in columns], axis=1)
    return ImageGrid(rows.reshape(-1, *rows.shape[2:]), len(columns))


def clips_beside_each_other(*columns: np.ndarray) -> Clips:
    """Returns rows of clips `[N, T, H, W, C]`, with grey repeated where others have colours."""
    channels = max(column.shape[-1] for column in columns)
    rows = np.stack([_with_channels(column, channels) for column in columns], axis=1)
    return Clips(rows.reshape(-1, *rows.shape[2:]), len(columns))


def _with_channels(images, channels):
    if images.shape[-1] == channels:
        return images
    return np.repeat(images[..., :1], channels, axis=-1)
