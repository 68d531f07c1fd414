"""Picture files in and out of a served graph, from bytes that anybody may have sent.

TensorFlow's decoders take the memory that a picture's header asks for, and do not say which of
several pictures was bad. Here the size is read from the header first, and an operation that may
fail on a picture has a name with the number of its row, which TensorFlow puts into the error.
"""

import tensorflow as tf

from tfgan_suite.serving.signature import refuse_rows

MAX_PIXELS = 4096 * 4096
"""Pictures with more pixels than this are refused from their header, before they are decoded."""

PARALLEL_PICTURES = 2
"""Pictures of a request decoded at a time; bounds the memory that a request takes."""

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
    pixels, raise an error that names their rows before anything is decoded; one whose content
    cannot be decoded raises the decoder's, with its row as in `image_bytes_row_3`.

    Args:
        image_bytes: Strings `[B]`, encoded pictures of any size.
        size: Height and width of the result, in pixels.
        channels: 1 (grey), 3 (RGB) or 4 (RGB and alpha).

    Returns:
        float32 `[B, height, width, channels]` in [-1, 1].
    """
    height, width = (size, size) if isinstance(size, int) else size
    image_bytes = tf.convert_to_tensor(image_bytes, tf.string)
    rows = tf.range(tf.shape(image_bytes)[0])

    def read_header(row_and_data):
        row, data = row_and_data
        kind = _picture_kind(data)
        data = tf.cond(kind["gif"], lambda: _first_gif_frame(data), lambda: data)
        return data, tf.stack(_picture_size(row, kind, data))

    data, sizes = tf.map_fn(
        read_header,
        (rows, image_bytes),
        fn_output_signature=(tf.TensorSpec([], tf.string), tf.TensorSpec([2], tf.int64)),
    )
    areas = tf.reduce_prod(sizes, axis=1)
    data = refuse_rows(
        data,
        areas <= 0,
        "Input image_bytes: cannot be read as a PNG, JPEG, BMP, GIF or WebP picture",
    )
    data = refuse_rows(
        data, areas > MAX_PIXELS, f"Input image_bytes: too large, more than {MAX_PIXELS} pixels"
    )

    def decode(row_and_data):
        return _scale_to_cover(_decode(*row_and_data), height, width, channels)

    images = tf.map_fn(
        decode,
        (rows, data),
        fn_output_signature=tf.TensorSpec([height, width, channels], tf.float32),
        parallel_iterations=PARALLEL_PICTURES,
    )
    return tf.clip_by_value(images, 0.0, 1.0) * 2.0 - 1.0


def _named_by_row(row, operation):
    """Runs `operation(name)` under a name that holds the number of the row."""

    def branch(number):
        return lambda: operation(f"image_bytes_row_{number}")

    branches = [branch(number) for number in range(NAMED_ROWS)]
    return tf.switch_case(
        tf.minimum(row, NAMED_ROWS), [*branches, branch(f"{NAMED_ROWS}_or_later")]
    )


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


def _picture_size(row, kind, data):
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
                lambda: tf.unstack(
                    _named_by_row(
                        row, lambda name: tf.image.extract_jpeg_shape(data, tf.int64, name)
                    )[:2]
                ),
            ),
            (kind["gif"], lambda: integers(tf.uint16, True, 8, 6)),
            (kind["webp"], webp),
            (kind["bmp"], lambda: integers(tf.int32, True, 22, 18)),
        ],
        default=unknown,
    )
    return tf.abs(height), tf.abs(width)  # A BMP that is stored top down has a negative height.


def _decode(row, data):
    """uint8 `[H, W, C]` with as many channels as are stored."""

    # Asked for 4, the decoder gives wrong alpha values for palettes and for grey of less than 8
    # bits.
    def decode(name):
        return tf.io.decode_image(data, expand_animations=False, name=name)

    def decode_webp(name):
        return tf.raw_ops.DecodeWebP(contents=data, name=name)[0]

    return tf.cond(
        _picture_kind(data)["webp"],
        lambda: _named_by_row(row, decode_webp),
        lambda: _named_by_row(row, decode),
    )


def _first_gif_frame(data):
    """Cuts a GIF off behind its first frame; an empty string where there is none.

    TensorFlow's decoder decodes every frame, each at the size that the frame itself states, before
    it gives away all but one: a small file could take any amount of memory. A first frame that
    juts out of the screen that the header states does not count as one.
    """
    length = tf.strings.length(data)
    # Padded, so that what a block states can be read wherever the file ends.
    padded = tf.strings.join([data, tf.constant(b"\0" * 16)])
    content = tf.cast(tf.io.decode_raw(padded, tf.uint8), tf.int32)
    nowhere = length + 1

    def number(position):
        return content[position] + 256 * content[position + 1]

    def after_table(position, flags):
        return position + tf.where(flags >= 128, 3 * tf.bitwise.left_shift(2, flags % 8), 0)

    def sub_block(position, is_last):
        return position + 1 + content[position], content[position] > 0, is_last

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

    end, inside, _ = tf.while_loop(
        lambda position, inside, is_last: (inside | ~is_last) & (position <= length),
        step,
        (after_table(tf.constant(13), content[10]), tf.constant(False), tf.constant(False)),
    )
    whole = ~inside & (end <= length)
    cut = tf.strings.join([tf.strings.substr(data, 0, end * tf.cast(whole, tf.int32)), b";"])
    return tf.where(whole, cut, b"")
