"""Images of one bar at a known angle, in two styles: what a relation between domains keeps."""

import numpy as np
import tensorflow as tf

from tfgan_suite import hashing
from tfgan_suite.data import options
from tfgan_suite.data.images import MAX_SIZE
from tfgan_suite.data.source import LazySource, Source
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Field

STYLES = {"thin": ((255, 255, 255), 0.05), "thick": ((220, 50, 50), 0.11)}
"""Colour, and half of the width in image sides."""

RANGE = 75.0
"""Angles are between -75 and 75 degrees, anticlockwise from lying."""

_SPLITS = {"train": 0, "test": 1}
_DOMAINS = {"single": (0,), "unpaired": (0, 1), "paired": (0, 0)}
_LENGTHS = (0.26, 0.34)  # half of them, in image sides
_JITTER = 0.06  # of the middle, in image sides


def scenes(indices: np.ndarray, key: int) -> np.ndarray:
    """Returns angle, row and column of the middle, half length: float64 `[N, 4]`.

    Angles are in degrees, uniform; the others in image sides, from the image's middle.

    Args:
        indices: int `[N]`.
        key: 64-bit integer; with an index it determines the scene.
    """
    draws = hashing.uniform(key, tf.constant(indices, tf.int64), 4).numpy().astype(np.float64)
    angles = RANGE * (2 * draws[:, :1] - 1)
    middles = _JITTER * (2 * draws[:, 1:3] - 1)
    shortest, longest = _LENGTHS
    return np.hstack([angles, middles, shortest + (longest - shortest) * draws[:, 3:]])


def draw(drawn: np.ndarray, style: str, size: int) -> np.ndarray:
    """Paints bars on black, uint8 `[N, size, size, 3]`, edges smoothed.

    Args:
        drawn: `[N, 4]`, see `scenes`.
        style: `"thin"`, white, or `"thick"`, red.
        size: height and width in pixels.
    """
    angle, row, column, length = (values[:, None, None] for values in drawn.T)
    axis = (np.arange(size) + 0.5) / size - 0.5
    rows, columns = axis[None, :, None] - row, axis[None, None, :] - column
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    colour, width = STYLES[style]
    along, across = np.abs(cos * columns - sin * rows), np.abs(sin * columns + cos * rows)
    outside = np.maximum(along - length, across - width)
    cover = np.clip(0.5 - size * outside, 0, 1)[..., None]
    return np.rint(np.array(colour) * cover).astype(np.uint8)


def open_bars(
    location: str,
    layout: str,
    split: str,
    main: Field,
    *,
    size: int = 32,
    channels: int = 3,
    num_examples: int = 4_000,
    num_test: int = 500,
    style: str = "thin",
    a: str = "thin",
    b: str = "thick",
    seed: int = 0,
) -> tuple[Source, ...]:
    """Opens source `bars`: a bar at an angle between -75 and 75 degrees.

    Args:
        location: unused; the source has no place.
        layout: `"single"`: images in `style`. `"unpaired"`: two domains, styles `a` and `b`, of
            different scenes. `"paired"`: the same scenes in both styles.
        split: `"train"` (`num_examples` images) or `"test"` (`num_test` others).
        main: unused; the source has images alone.
        size: height and width in pixels.
        channels: 3.
        num_examples, num_test: images of each domain.
        style, a, b: `"thin"` or `"thick"`.
        seed: another seed gives other bars.
    """
    del location, main
    options.whole_number("size", size, 8, MAX_SIZE)
    num = options.num_drawn(split, seed, num_examples, num_test)
    if channels != 3:
        raise UserInputError(f"Source 'bars' has images of 3 channels, not {channels}.")
    styles = [style] if layout == "single" else [a, b]
    for name in styles:
        options.one_of("style", name, STYLES)
    spec = {"image": tf.TensorSpec([size, size, 3], tf.uint8)}

    def source(name, domain):
        key = hashing.key(seed, _SPLITS[split], domain)
        return LazySource(
            f"bars ({name})", num, spec, lambda at: {"image": draw(scenes(at, key), name, size)}
        )

    return tuple(map(source, styles, _DOMAINS[layout]))
