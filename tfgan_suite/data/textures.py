"""Procedural patterns of five styles: no file, no network, the style known.

A pattern (style, two colours, period, turn, shift) is drawn once from the seed and its index and
fills the image.
"""

import numpy as np
import tensorflow as tf

from tfgan_suite import hashing
from tfgan_suite.data import options
from tfgan_suite.data.images import MAX_SIZE
from tfgan_suite.data.source import ArraySource, Source
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Field

STYLES = ("stripes", "checks", "dots", "rings", "blobs")

_WAVES = 5  # of blobs
_DRAWS = 11 + 2 * _WAVES
_SPLITS = {"train": 0, "test": 1}
_AT_ONCE = 1024  # images
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def textures(indices: np.ndarray, size: int, channels: int = 3, key: int = 0):
    """Draws patterns; the same key and index give the same one.

    Args:
        indices: int `[N]`.
        size: height and width in pixels.
        channels: 3 for colour, 1 for its luma (BT.601).
        key: int.

    Returns:
        Images uint8 `[N, size, size, channels]` and styles int32 `[N]`.
    """
    draws = hashing.uniform(key, tf.constant(indices, tf.int64), _DRAWS).numpy()
    styles = (draws[:, 0] * len(STYLES)).astype(np.int32)
    parts = range(0, len(draws), _AT_ONCE)
    images = [_painted(draws[i : i + _AT_ONCE], styles[i : i + _AT_ONCE], size) for i in parts]
    images = np.concatenate(images) if images else np.zeros((0, size, size, 3), np.float32)
    if channels == 1:
        images = (images @ _LUMA)[..., None]
    return np.round(255 * images).astype(np.uint8), styles


def _painted(draws, styles, size):
    """Returns float32 `[N, size, size, 3]` in [0, 1]."""
    at = ((np.arange(size, dtype=np.float32) + 0.5) * 2 / size - 1)[None]
    turn, period = 0.5 * np.pi * draws[:, 1], 0.5 + 0.4 * draws[:, 2]
    x, y = np.broadcast_arrays(at[:, None, :], at[:, :, None])

    def per_image(values):
        return values[:, None, None]

    cos, sin, period = per_image(np.cos(turn)), per_image(np.sin(turn)), per_image(period)
    # In periods, turned and shifted.
    along = 2 * np.pi * ((cos * x + sin * y) / period + per_image(draws[:, 3]))
    across = 2 * np.pi * ((cos * y - sin * x) / period + per_image(draws[:, 4]))
    radius = np.hypot(x - per_image(draws[:, 3] - 0.5), y - per_image(draws[:, 4] - 0.5))
    blobs = 0.0
    for wave in range(_WAVES):
        angle = per_image(2 * np.pi * draws[:, 11 + wave])
        phase = per_image(2 * np.pi * draws[:, 11 + _WAVES + wave])
        blobs += np.cos(
            2 * np.pi * (np.cos(angle) * x + np.sin(angle) * y) / (1.3 * period) + phase
        )
    waves = {
        "stripes": np.sin(along),
        "checks": np.sin(along) * np.sin(across),
        "dots": (np.cos(along) + np.cos(across)) / 2 - 0.35,
        "rings": np.sin(2 * np.pi * radius / period),
        "blobs": blobs / _WAVES**0.5,
    }
    height = np.choose(per_image(styles), [waves[name] for name in STYLES])
    # An edge takes about one pixel: a wave climbs by up to 2 pi / period for each unit of length.
    cover = np.clip(0.5 + height * period * size / (4 * np.pi), 0, 1)[..., None]
    back, front = 0.55 * draws[:, 5:8], 0.45 + 0.55 * draws[:, 8:11]
    return (back[:, None, None] * (1 - cover) + front[:, None, None] * cover).astype(np.float32)


def open_textures(
    location: str,
    layout: str,
    split: str,
    main: Field,
    *,
    size: int = 32,
    channels: int = 3,
    num_examples: int = 10_000,
    num_test: int = 1_000,
    seed: int = 0,
) -> tuple[Source, ...]:
    """Opens source `textures`: images whose label is the style of their pattern, one of `STYLES`.

    Args:
        location: unused; the source has no place.
        layout: `"single"`; there are no domains.
        split: `"train"` (`num_examples` images) or `"test"` (`num_test` others).
        main: unused; the source has images alone.
        size: height and width in pixels, at least 8.
        channels: 3 for colour, 1 for grey.
        num_examples, num_test: images.
        seed: another seed gives other patterns.
    """
    del location, main
    if layout != "single":
        raise UserInputError(f"source 'textures' has no two domains for {layout!r}.")
    options.whole_number("size", size, 8, MAX_SIZE)
    options.one_of("channels", channels, (1, 3))
    num = options.num_drawn(split, seed, num_examples, num_test)
    key = hashing.key(seed, _SPLITS[split])
    images, styles = textures(np.arange(num), size, channels, key)
    return (ArraySource("textures", {"image": images, "label": styles}, len(STYLES)),)
