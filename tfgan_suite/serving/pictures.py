"""Picture files in and out of a served graph, from bytes that anybody may have sent.

TensorFlow's decoders raise at the first bad picture without saying which it was, and take the
memory that its header asks for. Here the size is read from the header first, and the decoding runs
in a `tf.data` pipeline inside the graph, which drops what fails; the rows that are missing are the
bad ones. The pipeline lives for one request and keeps no state.
"""

import tensorflow as tf

from tfgan_suite.serving.signature import refuse_rows

MAX_PIXELS = 4096 * 4096
"""Pictures with more pixels than this are refused from their header, before they are decoded."""

PARALLEL_PICTURES = 2
"""Pictures of a request decoded at a time; bounds the memory that a request takes."""


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
    """Decodes PNG, JPEG, BMP, WebP and GIF files (of a GIF animation the first frame).

    Follows the rules of `tfgan_suite.data.images`: what does not fit the shape is cut off around
    the centre, scaling is bicubic with antialiasing, transparent parts become white. It differs in
    that the EXIF orientation is not read, nor a PNG's single transparent colour, and 16 bits are
    cut to 8. Files that are no picture (an animated WebP neither), or have more than `MAX_PIXELS`
    pixels, raise an error that names their rows; the latter before anything is decoded.

    Args:
        image_bytes: Strings `[B]`, encoded pictures of any size.
        size: Height and width of the result, in pixels.
        channels: 1 (grey), 3 (RGB) or 4 (RGB and alpha).

    Returns:
        float32 `[B, height, width, channels]` in [-1, 1].
    """
    height, width = (size, size) if isinstance(size, int) else size
    shape = [height, width, channels]
    image_bytes = tf.convert_to_tensor(image_bytes, tf.string)

    @tf.autograph.experimental.do_not_convert
    def read(row, data):
        kind = _picture_kind(data)
        rows, columns = _picture_size(kind, data)
        fits = (rows > 0) & (columns > 0) & (rows * columns <= MAX_PIXELS)
        image = tf.cond(
            fits,
            lambda: _scale_to_cover(_decode(kind, data), height, width, channels),
            lambda: tf.zeros(shape),
        )
        return row, tf.stack([rows, columns]), tf.ensure_shape(image, shape)

    num_rows = tf.shape(image_bytes, tf.int64)[0]
    # Neither tuned nor rewritten: that would take longer than most requests.
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    pictures = (
        tf.data.Dataset.from_tensor_slices((tf.range(num_rows), image_bytes))
        .map(read, num_parallel_calls=PARALLEL_PICTURES, deterministic=True)
        .ignore_errors()
        .batch(tf.maximum(num_rows, 1))
        .with_options(options)
    )
    nothing = (tf.zeros([0], tf.int64), tf.zeros([0, 2], tf.int64), tf.zeros([0, *shape]))
    rows, sizes, images = pictures.reduce(nothing, lambda _, batch: batch)

    areas = tf.reduce_prod(sizes, axis=1)

    def is_among(chosen):
        ones = tf.ones([tf.size(chosen)], tf.int32)
        return tf.scatter_nd(chosen[:, tf.newaxis], ones, [num_rows]) > 0

    images = refuse_rows(
        images,
        tf.logical_not(is_among(tf.boolean_mask(rows, areas > 0))),
        "Input image_bytes: cannot be read as a PNG, JPEG, BMP, GIF or WebP picture",
    )
    images = refuse_rows(
        images,
        is_among(tf.boolean_mask(rows, areas > MAX_PIXELS)),
        f"Input image_bytes: too large, more than {MAX_PIXELS} pixels",
    )
    images = tf.clip_by_value(images, 0.0, 1.0) * 2.0 - 1.0
    return tf.ensure_shape(images, [image_bytes.shape[0], *shape])


def _scale_to_cover(image, height, width, channels):
    """Scales until the shape is covered and cuts off what juts out, the centre staying in place.

    Takes uint8 `[H, W, 1 to 4]`, gives float32 `[height, width, channels]` in [0, 1]. The large
    picture is never held in floats.
    """
    target = tf.constant([height, width], tf.float32)
    sides = tf.cast(tf.shape(image)[:2], tf.float32)
    factor = tf.reduce_max(target / sides)
    stored = tf.shape(image)[-1]
    has_alpha = tf.equal(stored % 2, 0)

    def scale(values, highest):
        scaled = tf.raw_ops.ScaleAndTranslate(
            images=values[tf.newaxis],
            size=[height, width],
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
    colour = tf.ensure_shape(colour, [height, width, 3])
    return tf.image.rgb_to_grayscale(colour) if channels == 1 else colour


_FIRST_BYTES = {
    "png": b"\x89PNG\r\n\x1a\n",
    "jpeg": b"\xff\xd8\xff",
    "gif": b"GIF8",
    "webp": b"RIFF",
    "bmp": b"BM",
}


def _picture_kind(data):
    """`{kind: bool tensor}`: which kind of file the first bytes announce."""
    return {
        kind: tf.equal(tf.strings.substr(data, 0, len(first)), first)
        for kind, first in _FIRST_BYTES.items()
    }


def _picture_size(kind, data):
    """Height and width, int64, from the header alone; 0 for what is no picture."""
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

    def webp():
        """One of three layouts, by the name of the first chunk."""
        chunk = tf.strings.substr(header, 8, 8)
        lossy = [side % (1 << 14) for side in integers(tf.uint16, True, 28, 26)]
        (bits,) = integers(tf.int32, True, 21)
        lossless = [1 + bits // (1 << 14) % (1 << 14), 1 + bits % (1 << 14)]
        extended = [1 + side % (1 << 24) for side in integers(tf.int32, True, 27, 24)]
        (flags,) = integers(tf.uint8, True, 20)
        is_animated = tf.equal(flags // 2 % 2, 1)  # All of its frames would be decoded.
        return tf.case(
            [
                (tf.equal(chunk, b"WEBPVP8 "), lambda: lossy),
                (tf.equal(chunk, b"WEBPVP8L"), lambda: lossless),
                (tf.equal(chunk, b"WEBPVP8X") & ~is_animated, lambda: extended),
            ],
            default=unknown,
        )

    def unknown():
        return [tf.zeros([], tf.int64)] * 2

    height, width = tf.case(
        [
            (kind["png"], lambda: integers(tf.int32, False, 20, 16)),
            (
                kind["jpeg"],
                lambda: tf.unstack(tf.image.extract_jpeg_shape(data, tf.int64)[:2]),
            ),
            (kind["gif"], lambda: integers(tf.uint16, True, 8, 6)),
            (kind["webp"], webp),
            (kind["bmp"], lambda: integers(tf.int32, True, 22, 18)),
        ],
        default=unknown,
    )
    return tf.abs(height), tf.abs(width)  # A BMP that is stored top down has a negative height.


def _decode(kind, data):
    """uint8 `[H, W, C]` with as many channels as are stored."""
    # Asked for 4, the decoder gives wrong alpha values for palettes and for grey of less than 8
    # bits.
    return tf.case(
        [
            (kind["png"], lambda: tf.io.decode_png(data)),
            (kind["jpeg"], lambda: tf.io.decode_jpeg(data, channels=3)),
            (
                kind["gif"],
                lambda: tf.io.decode_image(_first_gif_frame(data), expand_animations=False),
            ),
            (kind["webp"], lambda: tf.raw_ops.DecodeWebP(contents=data)[0]),
        ],
        default=lambda: tf.io.decode_bmp(data),
    )


def _first_gif_frame(data):
    """Cuts a GIF off behind its first frame.

    TensorFlow's decoder decodes every frame, each at the size that the frame itself states, before
    it gives away all but one: a small file could take any amount of memory. A first frame that
    juts out of the screen that the header states raises an error, as a file does that ends within.
    """
    content = tf.cast(tf.io.decode_raw(data, tf.uint8), tf.int32)
    nowhere = tf.size(content)  # Reading there raises the error.

    def number(position):
        return content[position] + 256 * content[position + 1]

    def after_table(position, flags):
        return position + tf.where(flags >= 128, 3 * tf.bitwise.left_shift(2, flags % 8), 0)

    def sub_block(position, is_last):
        length = content[position]
        return position + 1 + length, length > 0, is_last

    def frame(position):
        fits = (number(position + 1) + number(position + 5) <= number(6)) & (
            number(position + 3) + number(position + 7) <= number(8)
        )
        behind = after_table(position + 10, content[position + 9]) + 1
        return tf.where(fits, behind, nowhere), True, True

    def extension(position):
        is_extension = tf.equal(content[position], 0x21)
        return tf.where(is_extension, position + 2, nowhere), True, False

    def step(position, inside, is_last):
        return tf.cond(
            inside,
            lambda: sub_block(position, is_last),
            lambda: tf.cond(
                tf.equal(content[position], 0x2C),
                lambda: frame(position),
                lambda: extension(position),
            ),
        )

    end, _, _ = tf.while_loop(
        lambda _, inside, is_last: inside | ~is_last,
        step,
        (after_table(tf.constant(13), content[10]), tf.constant(False), tf.constant(False)),
    )
    return tf.strings.join([tf.strings.substr(data, 0, end), tf.constant(b";")])
