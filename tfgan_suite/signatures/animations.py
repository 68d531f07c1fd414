"""Animated GIF files made inside a served graph, in bounded time and size.

GIF's compression is left out: its codes are those of single pixels, with the code that empties the
table often enough for them to stay 9 bits long. So a file has 9/8 bytes for each pixel of each
frame, whatever it shows, and all of it but the pixels is known when the graph is built.
"""

import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError

_CLEAR, _END = 256, 257
_CODES = 248  # of a run that begins with an empty table: whole bytes, and below its 255 codes
_BLOCK = 255  # bytes of a part of the data, which stands behind their number
_LEVELS = (6, 7, 6)  # of red, green and blue in the palette: 252 colours
_BAYER = 8


def encode_gif(clips: tf.Tensor, milliseconds: int = 150) -> tf.Tensor:
    """Encodes clips as endless animated GIF files.

    Grey is exact. Colours are those of a palette of 252, six levels of red and of blue and seven of
    green, with an ordered dither that is the same in all frames.

    Args:
        clips: float32 `[B, T, H, W, C]` in [-1, 1], what lies outside is clipped; T, H, W known; C
            is 1 or 3.
        milliseconds: for which a frame is shown, in steps of 10.

    Returns:
        Strings `[B]`.

    Raises:
        UserInputError: clips of another number of channels.
    """
    _, frames, height, width, channels = clips.shape
    if channels not in (1, 3):
        raise UserInputError(
            f"A GIF file shows clips of 1 or 3 channels. Received shape {tuple(clips.shape)}."
        )
    unit = (tf.clip_by_value(clips, -1.0, 1.0) + 1.0) / 2
    pixels = _grey(unit) if channels == 1 else _dithered(unit)
    data = _data(tf.reshape(pixels, [-1, frames, height * width]))
    body = _parted(data, _before_data(height, width, milliseconds // 10))
    head = np.frombuffer(_head(height, width, channels), np.uint8)
    rows = tf.shape(clips)[0]
    files = tf.concat(
        [
            tf.repeat(head[None], rows, axis=0),
            tf.reshape(body, [rows, frames * body.shape[2]]),
            tf.fill([rows, 1], np.uint8(0x3B)),
        ],
        axis=1,
    )
    size = files.shape[1]
    # A serialised tensor ends in its bytes.
    return tf.map_fn(
        lambda file: tf.strings.substr(tf.io.serialize_tensor(file), -size, size),
        files,
        fn_output_signature=tf.string,
    )


def _grey(unit):
    return tf.cast(tf.round(unit[..., 0] * 255), tf.int32)


def _dithered(unit):
    """Returns the palette's number of each pixel of clips in [0, 1]."""
    height, width = unit.shape[2:4]
    threshold = np.tile(_bayer(), (-(-height // _BAYER), -(-width // _BAYER)))[:height, :width]
    most = np.array(_LEVELS, np.float32) - 1
    levels = tf.minimum(tf.floor(unit * most + threshold[..., None]), most)
    red, green, blue = tf.unstack(tf.cast(levels, tf.int32), axis=-1)
    return (red * _LEVELS[1] + green) * _LEVELS[2] + blue


def _bayer():
    """Returns thresholds between 0 and 1, far apart where places are near, `[8, 8]`."""
    matrix = np.zeros((1, 1))
    while len(matrix) < _BAYER:
        quarters = [[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]]
        matrix = np.block(quarters)
    return ((matrix + 0.5) / _BAYER**2).astype(np.float32)


def _data(pixels):
    """Returns the codes of pixels int32 `[B, T, N]` as uint8 `[B, T, bytes]`."""
    num = pixels.shape[2]
    runs = num // (_CODES - 1) + 1  # with room for the code of the end
    padded = tf.pad(pixels, [[0, 0], [0, 0], [0, runs * (_CODES - 1) - num]], constant_values=_END)
    codes = tf.reshape(padded, [-1, pixels.shape[1], runs, _CODES - 1])
    codes = tf.pad(codes, [[0, 0], [0, 0], [0, 0], [1, 0]], constant_values=_CLEAR)
    # Eight codes of 9 bits, the lowest bits first, are nine bytes: byte j has the j highest bits of
    # code j - 1 and the lowest of code j.
    eights = tf.reshape(codes, [-1, pixels.shape[1], runs * _CODES // 8, 8])
    between = tf.pad(eights, [[0, 0], [0, 0], [0, 0], [1, 1]])
    j = np.arange(9, dtype=np.int32)
    high = tf.bitwise.right_shift(between[..., :9], 9 - j)
    low = tf.bitwise.left_shift(between[..., 1:], j)
    joined = tf.bitwise.bitwise_and(tf.bitwise.bitwise_or(high, low), 255)
    return tf.reshape(tf.cast(joined, tf.uint8), [-1, pixels.shape[1], runs * _CODES // 8 * 9])


def _parted(data, before):
    """Puts the data of each frame in parts behind what comes before them."""
    size = data.shape[2]
    constant = [*before]
    for begin in range(0, size, _BLOCK):
        part = range(begin, min(begin + _BLOCK, size))
        constant += [len(part), *(256 + place for place in part)]
    constant.append(0)  # no further part
    every_byte = tf.range(256, dtype=tf.int32)
    values = tf.concat(
        [
            tf.broadcast_to(tf.cast(every_byte, tf.uint8), [tf.shape(data)[0], data.shape[1], 256]),
            data,
        ],
        axis=2,
    )
    return tf.gather(values, np.array(constant, np.int32), axis=2)


def _head(height, width, channels):
    size = np.array([width, height], "<u2").tobytes()
    if channels == 1:
        palette = np.repeat(np.arange(256)[:, None], 3, axis=1)
    else:
        grids = np.meshgrid(*(np.linspace(0, 255, n) for n in _LEVELS), indexing="ij")
        palette = np.zeros((256, 3))
        palette[: np.prod(_LEVELS)] = np.stack([grid.ravel() for grid in grids], axis=1)
    # A palette of 256 colours for all frames, then how often they are shown: for ever.
    return (
        b"GIF89a"
        + size
        + b"\xf7\0\0"
        + np.rint(palette).astype(np.uint8).tobytes()
        + b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    )


def _before_data(height, width, hundredths):
    """What a frame begins with: how long it is shown, its place and size, bits of a pixel."""
    time = np.array(hundredths, "<u2").tobytes()
    size = np.array([width, height], "<u2").tobytes()
    return b"\x21\xf9\x04\x04" + time + b"\0\0" + b"\x2c\0\0\0\0" + size + b"\0" + b"\x08"
