"""What a published model answers: named inputs, named outputs, one row per example.

A model server joins the rows of several requests into one batch and hands the answers out row by
row. So every input and output has the same leading batch dimension, and a row's answer depends on
that row alone. The helpers here keep to that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

MAX_PIXELS = 4096 * 4096
"""Pictures with more pixels than this are refused from their header, before they are decoded."""


@dataclass(frozen=True)
class Signature:
    """One thing that a published model answers.

    Calling a signature checks its inputs, in the graph too: a wrong shape, a NaN or an infinity
    raises an error that names the input and, for values, the row.

    Args:
        function: Takes the inputs by name and returns a dict of named outputs: float32, or strings
            named `*_bytes`. No stateful operation, no Python function.
        inputs: `keras.InputSpec` or `tf.TensorSpec` for each input; the first dimension is `None`.
        doc: What goes in and what comes out, with value ranges, for the person who calls it.
        example: Takes a number of rows and returns valid inputs, as NumPy arrays.

    Example:

    ```python
    Signature(
        function=lambda latents: {"images": generator(latents)},
        inputs={"latents": keras.InputSpec(shape=(None, 64), dtype="float32")},
        doc="Latents, standard normal, to images in [-1, 1].",
        example=lambda num_rows: {"latents": np.zeros((num_rows, 64), "float32")},
    )
    ```
    """

    function: Callable[..., Mapping[str, tf.Tensor]]
    inputs: Mapping[str, keras.InputSpec | tf.TensorSpec]
    doc: str
    example: Callable[[int], Mapping[str, np.ndarray]]

    @property
    def tensor_specs(self) -> dict[str, tf.TensorSpec]:
        """The inputs as `tf.TensorSpec`, each with its own name."""
        return {
            name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in self.inputs.items()
        }

    def __call__(self, **inputs) -> dict[str, tf.Tensor]:
        checked = {
            name: _checked_input(inputs[name], spec) for name, spec in self.tensor_specs.items()
        }
        return dict(self.function(**checked))


def _checked_input(value, spec):
    value = tf.ensure_shape(tf.convert_to_tensor(value, spec.dtype), spec.shape, name=spec.name)
    if not spec.dtype.is_floating:
        return value
    is_finite = tf.reduce_all(
        tf.math.is_finite(value), axis=list(range(1, value.shape.rank)), name=spec.name
    )
    rows = tf.where(tf.logical_not(is_finite))[:, 0]
    check = tf.debugging.Assert(
        tf.reduce_all(is_finite),
        [f"Input {spec.name!r}: NaN or infinity in rows (counted from 0)", rows],
    )
    with tf.control_dependencies([check] if check is not None else []):
        return tf.identity(value)


def latents_from_seeds(
    seed: tf.Tensor, latent_size: int, distribution: str = "normal"
) -> tf.Tensor:
    """Draws latents that are a function of the seed alone, row by row.

    The same seed gives the same latents in every batch, process and version: Philox, counter based.

    Args:
        seed: int64 `[B]`, any value.
        latent_size: Length of a latent vector.
        distribution: `"normal"` (mean 0, deviation 1) or `"uniform"` (from -1 to 1).

    Returns:
        float32 `[B, latent_size]`.
    """
    draw = {
        "normal": lambda pair: tf.random.stateless_normal([latent_size], pair, alg="philox"),
        "uniform": lambda pair: tf.random.stateless_uniform(
            [latent_size], pair, minval=-1.0, maxval=1.0, alg="philox"
        ),
    }[distribution]
    return tf.map_fn(
        lambda row: draw(tf.stack([row, tf.zeros_like(row)])), seed, fn_output_signature=tf.float32
    )


def encode_png(images: tf.Tensor) -> tf.Tensor:
    """Encodes images as PNG files.

    Args:
        images: float32 `[B, H, W, C]` in [-1, 1], what lies outside is clipped; C is 1 (grey),
            3 (RGB) or 4 (RGB and alpha).

    Returns:
        Strings `[B]`.
    """
    levels = tf.cast(tf.round((tf.clip_by_value(images, -1.0, 1.0) + 1.0) * 127.5), tf.uint8)
    return tf.map_fn(tf.io.encode_png, levels, fn_output_signature=tf.string)


def decode_images(image_bytes: tf.Tensor, size: int, channels: int = 3) -> tf.Tensor:
    """Decodes PNG, JPEG, BMP and GIF files (of an animation the first frame).

    The middle square of the picture is resized, with antialiasing. Transparent parts become white.
    The orientation mark of EXIF is not read. A file that is no picture, or one of more than
    `MAX_PIXELS` pixels, raises an error that names its row, before anything is decoded.

    Args:
        image_bytes: Strings `[B]`, encoded pictures of any size.
        size: Height and width of the result, in pixels.
        channels: 3 (RGB) or 1 (grey).

    Returns:
        float32 `[B, size, size, channels]` in [-1, 1].
    """

    def decode_row(row_and_data):
        row, data = row_and_data
        kind = _picture_kind(data)
        height, width = _picture_size(kind, data)
        checks = [
            tf.debugging.Assert(
                height * width > 0, ["Input 'image_bytes', row", row, "is no PNG, JPEG, BMP or GIF"]
            ),
            tf.debugging.Assert(
                height * width <= MAX_PIXELS,
                ["Input 'image_bytes', row", row, "is too large: height, width", height, width],
            ),
        ]
        with tf.control_dependencies([check for check in checks if check is not None]):
            rgba = _decode_rgba(kind, tf.identity(data))
        rgb, alpha = rgba[..., :3], rgba[..., 3:]
        opaque = rgb * alpha + (1.0 - alpha)
        side = tf.minimum(tf.shape(opaque)[0], tf.shape(opaque)[1])
        square = tf.image.resize_with_crop_or_pad(opaque, side, side)
        resized = tf.image.resize(square, [size, size], antialias=True)
        if channels == 1:
            resized = tf.image.rgb_to_grayscale(resized)
        return tf.ensure_shape(resized * 2.0 - 1.0, [size, size, channels])

    return tf.map_fn(
        decode_row,
        (tf.range(tf.shape(image_bytes)[0]), image_bytes),
        fn_output_signature=tf.float32,
    )


_PICTURE_KINDS = {
    "png": b"\x89PNG\r\n\x1a\n",
    "jpeg": b"\xff\xd8\xff",
    "gif": b"GIF8",
    "bmp": b"BM",
}


def _picture_kind(data):
    """`{kind: bool tensor}`: which kind of file the first bytes announce."""
    return {
        kind: tf.equal(tf.strings.substr(data, 0, len(magic)), magic)
        for kind, magic in _PICTURE_KINDS.items()
    }


def _picture_size(kind, data):
    """Height and width, int64, from the header alone; 0 for an unknown kind."""
    # Padded, so that a cut header reads as zeros.
    header = tf.strings.join([tf.strings.substr(data, 0, 32), tf.constant(b"\0" * 32)])

    def integers(dtype, little_endian, *starts):
        return [
            tf.cast(
                tf.io.decode_raw(
                    tf.strings.substr(header, start, dtype.size), dtype, little_endian
                )[0],
                tf.int64,
            )
            for start in starts
        ]

    height, width = tf.case(
        [
            (kind["png"], lambda: integers(tf.int32, False, 20, 16)),
            (
                kind["jpeg"],
                lambda: tf.unstack(tf.image.extract_jpeg_shape(data, tf.int64)[:2]),
            ),
            (kind["gif"], lambda: integers(tf.uint16, True, 8, 6)),
            (kind["bmp"], lambda: integers(tf.int32, True, 22, 18)),
        ],
        default=lambda: [tf.zeros([], tf.int64)] * 2,
    )
    return tf.abs(height), tf.abs(width)  # A BMP that is stored top down has a negative height.


def _decode_rgba(kind, data):
    """float32 `[H, W, 4]` in [0, 1]."""

    opaque = tf.constant(255, tf.uint8)

    def with_alpha(image):
        image = tf.cond(
            tf.shape(image)[-1] < 3, lambda: tf.repeat(image[..., :1], 3, axis=-1), lambda: image
        )
        return tf.cond(
            tf.shape(image)[-1] < 4,
            lambda: tf.concat([image, tf.fill(tf.shape(image[..., :1]), opaque)], axis=-1),
            lambda: image,
        )

    image = tf.case(
        [
            (kind["png"], lambda: tf.io.decode_png(data, channels=4)),
            (kind["jpeg"], lambda: with_alpha(tf.io.decode_jpeg(data, channels=3))),
            (
                kind["gif"],
                lambda: with_alpha(tf.io.decode_image(data, channels=3, expand_animations=False)),
            ),
        ],
        default=lambda: with_alpha(tf.io.decode_bmp(data)),
    )
    return tf.ensure_shape(tf.cast(image, tf.float32) / 255.0, [None, None, 4])
