"""Image files in and out of a served graph, from bytes that anybody may have sent.

TensorFlow's decoders take the memory that an image's header asks for and the time that its parts
do, and do not say which of several images was bad. Here size and parts are counted first, and an
operation that may fail on an image has a name with the number of its row, which TensorFlow puts
into the error.
"""

from collections.abc import Callable

import tensorflow as tf

from tfgan_suite.signatures.signature import refuse_rows

MAX_PIXELS = 4096 * 4096
"""Images with more pixels than this are refused from their header, before they are decoded."""

MAX_SCANS = 32
"""Scans of a JPEG file: progressive ones have about ten. Each goes through all pixels again (29 ms
of a CPU core for 4096 x 4096) and may take 33 bytes of the file."""

MAX_TEXTS = 8
"""Compressed texts of either kind in a PNG file. Each may unpack to 8 MB (41 ms of a CPU core)."""

HOLE_FROM = 0.1
"""Share of white from which a pixel of a mask is to be filled."""

PARALLEL_PICTURES = 2
"""Images of a request decoded at a time; bounds the memory that a request takes."""

NAMED_ROWS = 64
"""Rows of a request that errors of TensorFlow's decoders name; those behind are "64_or_later"."""


def encode_png(images: tf.Tensor) -> tf.Tensor:
    """Encodes images as PNG files.

    Args:
        images: float32 `[B, H, W, C]` in [-1, 1], what lies outside is clipped; C is 1 (grey),
            3 (RGB) or 4 (RGB and alpha).

    Returns:
        Strings `[B]`.
    """
    return tf.map_fn(tf.io.encode_png, to_levels(images), fn_output_signature=tf.string)


def to_levels(images: tf.Tensor) -> tf.Tensor:
    """Returns images in [-1, 1], what lies outside clipped, as uint8 levels of 0 to 255."""
    return tf.cast(tf.round((tf.clip_by_value(images, -1.0, 1.0) + 1.0) * 127.5), tf.uint8)


def decode_images(
    image_bytes: tf.Tensor,
    size: int | tuple[int, int],
    channels: int = 3,
    name: str = "image_bytes",
) -> tf.Tensor:
    """Decodes PNG and JPEG files.

    Follows the rules of `tfgan_suite.data.images`: what does not fit the shape is cut off around
    the centre, scaling is bicubic with antialiasing, transparent parts become white. It differs in
    that the EXIF orientation is not read, nor a PNG's single transparent colour, and 16 bits are
    cut to 8. What is no PNG or JPEG file, has more than `MAX_PIXELS` pixels, `MAX_SCANS` scans or
    `MAX_TEXTS` compressed texts raises an error that names the rows before anything is decoded; a
    file whose content cannot be decoded raises the decoder's, with its row as in
    `image_bytes_row_3`.

    Args:
        image_bytes: Strings `[B]`, encoded images of any size.
        size: Height and width of the result, in pixels.
        channels: 1 (grey), 3 (RGB) or 4 (RGB and alpha).
        name: of the signature's input, for the errors.

    Returns:
        float32 `[B, height, width, channels]` in [-1, 1].
    """
    return decode_images_and_sizes(image_bytes, size, channels, name)[0]


def decode_images_and_sizes(
    image_bytes: tf.Tensor,
    size: int | tuple[int, int],
    channels: int = 3,
    name: str = "image_bytes",
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns what `decode_images` does, and the height and width of the files, int64 `[B, 2]`."""
    height, width = (size, size) if isinstance(size, int) else size
    image_bytes, rows, sizes = _checked(image_bytes, MAX_PIXELS, name)

    def decode(row_and_data):
        return _scale_to_cover(_decoded(*row_and_data, name), height, width, channels)

    images = tf.map_fn(
        decode,
        (rows, image_bytes),
        fn_output_signature=tf.TensorSpec([height, width, channels], tf.float32),
        parallel_iterations=PARALLEL_PICTURES,
    )
    return _in_symmetric_range(images), sizes


def decode_images_and_holes(
    image_bytes: tf.Tensor,
    mask_bytes: tf.Tensor,
    size: int | tuple[int, int],
    channels: int = 3,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes image files, and of each a mask that is white where the image is to be filled.

    A mask of another size than its image is refused, and one that marks none or all of it.

    Args:
        image_bytes: see `decode_images`.
        mask_bytes: likewise.
        size, channels: see `decode_images`.

    Returns:
        float32 `[B, height, width, channels]` in [-1, 1], and bool `[B, height, width]`, true where
        to fill.
    """
    images, sizes = decode_images_and_sizes(image_bytes, size, channels)
    masks, mask_sizes = decode_images_and_sizes(mask_bytes, size, 1, "mask_bytes")
    masks = refuse_rows(
        masks,
        tf.reduce_any(sizes != mask_sizes, axis=1),
        "Input mask_bytes: expected a mask of the size of its image; another stands",
    )
    return images, checked_holes(masks[..., 0] > 2 * HOLE_FROM - 1, "mask_bytes")


def checked_holes(holes: tf.Tensor, name: str) -> tf.Tensor:
    """Passes holes on, bool `[B, ...]`; one of nothing or of everything is refused by its row.

    Args:
        holes: true where images are to be filled.
        name: of the signature's input.
    """
    share = tf.reduce_mean(tf.cast(holes, tf.float32), axis=list(range(1, holes.shape.rank)))
    return refuse_rows(
        holes,
        (share == 0) | (share == 1),
        f"Input {name}: expected a mask that marks a part of its image; none or all stands",
    )


def map_image_files(
    image_bytes: tf.Tensor,
    function: Callable[[tf.Tensor], tf.Tensor],
    output: tf.TensorSpec,
    channels: int = 3,
    max_pixels: int = MAX_PIXELS,
) -> tf.Tensor:
    """Decodes PNG and JPEG files at their own sizes; hands one after the other to a function.

    Args:
        image_bytes: Strings `[B]`. What cannot be decoded raises an error as in `decode_images`.
        function: From an image, float32 `[H, W, channels]` in [-1, 1], to a tensor.
        output: Of that tensor, the same for images of all sizes.
        channels: 1 (grey) or 3 (RGB).
        max_pixels: Files of more pixels are refused.

    Returns:
        Tensor `[B, ...]`.
    """
    image_bytes, rows, _ = _checked(image_bytes, max_pixels)

    def compute(row_and_data):
        image = _decoded(*row_and_data)
        height, width = tf.unstack(tf.shape(image)[:2])
        image = _in_symmetric_range(_scale_to_cover(image, height, width, channels))
        return function(tf.ensure_shape(image, [None, None, channels]))

    return tf.map_fn(
        compute, (rows, image_bytes), fn_output_signature=output, parallel_iterations=1
    )


def _checked(image_bytes, max_pixels, name="image_bytes"):
    """Returns files, their rows and sizes, after what their headers say was looked at."""
    image_bytes = tf.convert_to_tensor(image_bytes, tf.string)
    rows = tf.range(tf.shape(image_bytes)[0])

    def read_header(row_and_data):
        row, data = row_and_data
        return _image_size(row, data, name), _is_costly(data)

    sizes, are_costly = tf.map_fn(
        read_header,
        (rows, image_bytes),
        fn_output_signature=(tf.TensorSpec([2], tf.int64), tf.TensorSpec([], tf.bool)),
    )
    areas = tf.reduce_prod(sizes, axis=1)
    for is_bad, reason in (
        (areas <= 0, "cannot be read as a PNG or JPEG file; send one of these"),
        (areas > max_pixels, f"too large, more than {max_pixels} pixels"),
        (
            are_costly,
            f"too costly, more than {MAX_SCANS} JPEG scans or {MAX_TEXTS} compressed PNG texts",
        ),
    ):
        image_bytes = refuse_rows(image_bytes, is_bad, f"Input {name}: {reason}")
    return image_bytes, rows, sizes


def _decoded(row, data, input_name="image_bytes"):
    # With as many channels as are stored: asked for 4, the decoder gives wrong alpha values for
    # palettes and for grey of less than 8 bits.
    return _named_by_row(
        row, input_name, lambda name: tf.io.decode_image(data, expand_animations=False, name=name)
    )


def _in_symmetric_range(images):
    return tf.clip_by_value(images, 0.0, 1.0) * 2.0 - 1.0


def _named_by_row(row, input_name, operation):
    """Runs `operation(name)` under a name that holds the input and the number of the row."""

    def branch(number):
        return lambda: operation(f"{input_name}_row_{number}")

    branches = [branch(number) for number in range(NAMED_ROWS)]
    return tf.switch_case(
        tf.minimum(row, NAMED_ROWS), [*branches, branch(f"{NAMED_ROWS}_or_later")]
    )


def _scale_to_cover(image, height, width, channels):
    """Scales until the shape is covered and cuts off what juts out, the centre staying in place.

    Takes uint8 `[H, W, 1 to 4]`, gives float32 `[height, width, channels]` in [0, 1]. The large
    image is never held in floats.
    """
    size = tf.convert_to_tensor([height, width])
    target = tf.cast(size, tf.float32)
    sides = tf.cast(tf.shape(image)[:2], tf.float32)
    factor = tf.reduce_max(target / sides)
    stored = tf.shape(image)[-1]
    has_alpha = tf.equal(stored % 2, 0)

    def scale(values, highest):
        scaled = tf.raw_ops.ScaleAndTranslate(
            images=values[tf.newaxis],
            size=size,
            scale=tf.stack([factor, factor]),
            translation=(target - sides * factor) / 2.0,
            kernel_type="keyscubic",
            antialias=True,
        )[0]
        return scaled / highest

    def scale_on_white():
        alpha = image[..., -1:]
        covered = tf.cast(image[..., :-1], tf.uint16) * tf.cast(alpha, tf.uint16)
        return scale(covered, 255.0 * 255.0) + (1.0 - scale(alpha, 255.0))

    def as_rgb(colour):
        return tf.cond(
            stored < 3, lambda: tf.repeat(colour[..., :1], 3, axis=-1), lambda: colour[..., :3]
        )

    if channels == 4:
        scaled = scale(image, 255.0)
        alpha = tf.cond(has_alpha, lambda: scaled[..., -1:], lambda: tf.ones_like(scaled[..., :1]))
        return tf.concat([as_rgb(scaled), alpha], axis=-1)
    colour = as_rgb(tf.cond(has_alpha, scale_on_white, lambda: scale(image, 255.0)))
    colour = tf.ensure_shape(colour, [None, None, 3])
    return tf.image.rgb_to_grayscale(colour) if channels == 1 else colour


_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


def _starts_with(data, first):
    return tf.equal(tf.strings.substr(data, 0, len(first)), first)


def _image_size(row, data, input_name):
    """Height and width, int64, from the header alone; 0 where the file is not an image."""

    def png():
        # Padded, so that a cut header reads as zeros.
        header = tf.strings.join([tf.strings.substr(data, 0, 24), tf.constant(b"\0" * 24)])
        sides = tf.io.decode_raw(tf.strings.substr(header, 16, 8), tf.int32, little_endian=False)
        return tf.cast(sides[::-1], tf.int64)

    def jpeg():
        return _named_by_row(
            row, input_name, lambda name: tf.image.extract_jpeg_shape(data, tf.int64, name)
        )[:2]

    return tf.case(
        [(_starts_with(data, _PNG), png), (_starts_with(data, _JPEG), jpeg)],
        default=lambda: tf.zeros([2], tf.int64),
    )


def _is_costly(data):
    """Whether a file has more parts that a decoder works through than any ordinary one."""
    return tf.cond(
        _starts_with(data, _PNG),
        lambda: _has_more_than(MAX_TEXTS, data, b"zTXt") | _has_more_than(MAX_TEXTS, data, b"iTXt"),
        lambda: _has_more_than(MAX_SCANS, data, b"\xff\xda"),
    )


def _has_more_than(number, data, mark):
    return tf.size(tf.strings.split(data, mark, maxsplit=number + 1)) > number + 1
