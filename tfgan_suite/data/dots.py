"""Clips of a red dot and of a blue square that go round a circle, each clip at a speed of its own.

What a translation between both does to the motion can be measured: where the dot is, the square
should be.
"""

import numpy as np
import tensorflow as tf

from tfgan_suite import hashing
from tfgan_suite.data import options
from tfgan_suite.data.images import MAX_SIZE
from tfgan_suite.data.source import ClipSource, LazySource, Source
from tfgan_suite.fields import Field

STYLES = ("dot", "square")
BACKGROUND = (235, 235, 235)
COLOURS = {"dot": (220, 50, 50), "square": (50, 90, 220)}

_SPLITS = {"train": 0, "test": 1}
_DOMAINS = {"single": (0,), "unpaired": (0, 1), "paired": (0, 0)}
_RADIUS = 0.3  # of the circle, in image sides
_EXTENT = {"dot": 0.11, "square": 0.1}  # radius and half side
_SPEEDS = (1 / 24, 1 / 14)  # turns per frame, anticlockwise


def places(clips: np.ndarray, times: np.ndarray, size: int, key: int) -> np.ndarray:
    """Returns where the centres are, float64 `[N, 2]`, row and column in pixels.

    Args:
        clips: int `[N]`, numbers of clips.
        times: int `[N]`, numbers of their frames from 0.
        size: height and width in pixels.
        key: 64-bit integer; with a clip's number it determines place and speed at the start.
    """
    draws = hashing.uniform(key, tf.constant(clips, tf.int64), 2).numpy().astype(np.float64)
    slowest, fastest = _SPEEDS
    speed = slowest + (fastest - slowest) * draws[:, 1]
    angle = 2 * np.pi * (draws[:, 0] + speed * times)
    return (size - 1) / 2 + _RADIUS * size * np.stack([-np.sin(angle), np.cos(angle)], axis=1)


def draw(centres: np.ndarray, style: str, size: int) -> np.ndarray:
    """Paints frames, uint8 `[N, size, size, 3]`, edges smoothed.

    Args:
        centres: `[N, 2]`, row and column in pixels.
        style: `"dot"` or `"square"`.
        size: height and width in pixels.
    """
    axis = np.arange(size)
    rows = axis[None, :, None] - centres[:, 0, None, None]
    columns = axis[None, None, :] - centres[:, 1, None, None]
    if style == "dot":
        distance = np.hypot(rows, columns)
    else:
        distance = np.maximum(np.abs(rows), np.abs(columns))
    cover = np.clip(_EXTENT[style] * size - distance + 0.5, 0, 1)[..., None]
    ground, colour = np.array(BACKGROUND), np.array(COLOURS[style])
    return np.rint(ground + (colour - ground) * cover).astype(np.uint8)


def open_dots(
    location: str,
    layout: str,
    split: str,
    main: Field,
    *,
    size: int = 32,
    channels: int = 3,
    num_examples: int = 200,
    num_test: int = 50,
    num_frames: int = 12,
    style: str = "dot",
    a: str = "dot",
    b: str = "square",
    seed: int = 0,
) -> tuple[Source, ...]:
    """Opens source `dots`: clips of a dot or a square on a circle; as images, their frames.

    Args:
        location: unused; the source has no place.
        layout: `"single"`: clips in `style`. `"unpaired"`: two domains, styles `a` and `b`, of
            different clips. `"paired"`: the same motion in both styles.
        split: `"train"` (`num_examples` clips) or `"test"` (`num_test` others).
        main: a `Clip`, or an `Image` where single frames are wanted.
        size: height and width in pixels, at least 16.
        channels: 3, the only number.
        num_examples, num_test: clips of each domain.
        num_frames: length of a clip. The frames of an example are cut from it.
        style, a, b: `"dot"` or `"square"`.
        seed: another seed gives other clips.
    """
    del location
    options.whole_number("size", size, 16, MAX_SIZE)
    options.one_of("channels", channels, (3,))
    options.whole_number("seed", seed, 0)
    for name, value in {"num_examples": num_examples, "num_test": num_test}.items():
        options.whole_number(name, value, 1, 1_000_000)
    options.whole_number("num_frames", num_frames, 2, 10_000)
    styles = [style] if layout == "single" else [a, b]
    for name in styles:
        options.one_of("style", name, STYLES)
    num = num_examples if split == "train" else num_test
    spec = {"image": tf.TensorSpec([size, size, 3], tf.uint8)}

    def domain(style, stream):
        key = hashing.key(seed, _SPLITS[split], stream)

        def read(frames):
            return {"image": draw(places(*np.divmod(frames, num_frames), size, key), style, size)}

        name = f"dots ({style})"
        frames = LazySource(name, num * num_frames, spec, read)
        if main.kind != "clip":
            return frames
        return ClipSource(name, frames, np.full(num, num_frames), main.frames)

    return tuple(map(domain, styles, _DOMAINS[layout]))
