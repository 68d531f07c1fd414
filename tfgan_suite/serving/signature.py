"""What a published model answers: named inputs, named outputs, one row per example.

A model server joins the rows of several requests into one batch and hands the answers out row by
row. So every input and output has the same leading batch dimension, and a row's answer depends on
that row alone. The helpers here keep to that. Batch size may still change the rounding: TensorFlow
multiplies a single row by a matrix with another kernel (measured: 6e-7 in a dense generator, no
difference in convolutional ones).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.training.noise import DISTRIBUTIONS, check_distribution

MAX_PIXELS = 4096 * 4096
"""Pictures with more pixels than this are refused from their header, before they are decoded."""


@dataclass(frozen=True, eq=False)
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
        distribution: A key of `tfgan_suite.training.noise.DISTRIBUTIONS`.

    Returns:
        float32 `[B, latent_size]`.
    """
    draw = DISTRIBUTIONS[check_distribution(distribution)]
    return tf.map_fn(
        lambda row: draw([latent_size], tf.stack([row, tf.zeros_like(row)])),
        seed,
        fn_output_signature=tf.float32,
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


def decode_images(
    image_bytes: tf.Tensor, size: int | tuple[int, int], channels: int = 3
) -> tf.Tensor:
    """Decodes PNG, JPEG, BMP and GIF files (of an animation the first frame).

    Follows the rules of `tfgan_suite.data.images`: what does not fit the shape is cut off around
    the centre, scaling is bicubic with antialiasing, transparent parts become white. It differs in
    that the EXIF orientation is not read, nor a PNG's single transparent colour, and 16 bits are
    cut to 8. A file that is no picture, or one of more than `MAX_PIXELS` pixels, raises an error
    that names its row, before anything is decoded.

    Args:
        image_bytes: Strings `[B]`, encoded pictures of any size.
        size: Height and width of the result, in pixels.
        channels: 1 (grey), 3 (RGB) or 4 (RGB and alpha).

    Returns:
        float32 `[B, height, width, channels]` in [-1, 1].
    """
    height, width = (size, size) if isinstance(size, int) else size

    def decode_row(row_and_data):
        row, data = row_and_data
        kind = _picture_kind(data)
        rows, columns = _picture_size(kind, data)
        checks = [
            tf.debugging.Assert(
                rows * columns > 0, ["Input 'image_bytes', row", row, "is no PNG, JPEG, BMP or GIF"]
            ),
            tf.debugging.Assert(
                rows * columns <= MAX_PIXELS,
                ["Input 'image_bytes', row", row, "is too large: height, width", rows, columns],
            ),
        ]
        with tf.control_dependencies([check for check in checks if check is not None]):
            rgba = _decode_rgba(kind, tf.identity(data))
        image = _scale_to_cover(_with_channels(rgba, channels), height, width)
        return tf.clip_by_value(image, 0.0, 1.0) * 2.0 - 1.0

    return tf.map_fn(
        decode_row,
        (tf.range(tf.shape(image_bytes)[0]), image_bytes),
        fn_output_signature=tf.TensorSpec([height, width, channels], tf.float32),
    )


def _with_channels(rgba, channels):
    if channels == 4:
        return rgba
    rgb, alpha = rgba[..., :3], rgba[..., 3:]
    on_white = rgb * alpha + (1.0 - alpha)
    return tf.image.rgb_to_grayscale(on_white) if channels == 1 else on_white


def _scale_to_cover(image, height, width):
    """Scales until the shape is covered and cuts off what juts out, the centre staying in place."""
    target = tf.constant([height, width], tf.float32)
    sides = tf.cast(tf.shape(image)[:2], tf.float32)
    factor = tf.reduce_max(target / sides)
    return tf.raw_ops.ScaleAndTranslate(
        images=image[tf.newaxis],
        size=[height, width],
        scale=tf.stack([factor, factor]),
        translation=(target - sides * factor) / 2.0,
        kernel_type="keyscubic",
        antialias=True,
    )[0]


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
    # Without a number of channels, as stored: asked for 4, the decoder gives wrong alpha values for
    # palettes and for grey of less than 8 bits.
    image = tf.case(
        [
            (kind["png"], lambda: tf.io.decode_png(data)),
            (kind["jpeg"], lambda: tf.io.decode_jpeg(data, channels=3)),
            (kind["gif"], lambda: tf.io.decode_image(data, expand_animations=False)),
        ],
        default=lambda: tf.io.decode_bmp(data),
    )
    image = tf.cast(image, tf.float32) / 255.0
    channels = tf.shape(image)[-1]
    colour = tf.cond(
        channels < 3, lambda: tf.repeat(image[..., :1], 3, axis=-1), lambda: image[..., :3]
    )
    alpha = tf.cond(
        channels % 2 == 0, lambda: image[..., -1:], lambda: tf.ones_like(image[..., :1])
    )
    return tf.ensure_shape(tf.concat([colour, alpha], axis=-1), [None, None, 4])
