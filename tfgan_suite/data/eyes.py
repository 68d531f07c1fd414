"""Drawn eyes whose gaze is known, clean as a renderer makes them and degraded as a camera does."""

import numpy as np
import tensorflow as tf

from tfgan_suite.data import options
from tfgan_suite.data.source import LazySource, Source
from tfgan_suite.fields import Field

HEIGHT, WIDTH = 35, 55
STYLES = ("rendered", "textured", "camera")
_SPLITS = {"train": 0, "test": 1}
_DOMAINS = {"single": (0,), "unpaired": (0, 1), "paired": (0, 0)}


def gazes(indices: np.ndarray, seed: int = 0, split: str = "train", domain: int = 0) -> np.ndarray:
    """Returns the centres of pupils, float64 `[B, 2]`, row and column in pixels.

    Args:
        indices: int `[B]`.
        seed, split, domain: which eyes.
    """
    return np.stack([_scene(index, seed, split, domain)[0] for index in indices])


def eyes(
    indices: np.ndarray, style: str, seed: int = 0, split: str = "train", domain: int = 0
) -> np.ndarray:
    """Draws eyes, uint8 `[B, 35, 55, 1]`.

    Args:
        indices: int `[B]`.
        style: `"rendered"`; `"textured"`: lit from one side, with a fine grain; or `"camera"`:
            blurred, lit from one side, of less contrast, with noise.
        seed, split, domain: which eyes.
    """
    return np.stack([_drawn(index, style, seed, split, domain) for index in indices])


def _scene(index, seed, split, domain):
    rng = np.random.default_rng([seed, _SPLITS[split], domain, int(index)])
    centre = np.array([17.0, 27.0]) + rng.uniform(-1, 1, 2) * [5.0, 12.0]
    return centre, rng


def _drawn(index, style, seed, split, domain):
    centre, rng = _scene(index, seed, split, domain)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(float)

    def disc(middle, radii):
        distance = np.hypot((rows - middle[0]) / radii[0], (columns - middle[1]) / radii[1])
        return np.clip((1 - distance) * min(radii) + 0.5, 0, 1)

    opening = disc((17, 27), (rng.uniform(10, 14), rng.uniform(23, 26)))
    iris = disc(centre, (rng.uniform(6, 8),) * 2) * opening
    pupil = disc(centre, (rng.uniform(2.5, 4),) * 2) * opening
    skin, white, colour = rng.uniform(0.55, 0.7), rng.uniform(0.88, 0.97), rng.uniform(0.3, 0.45)
    image = skin + (white - skin) * opening
    image += (colour - image) * iris
    image += (0.05 - image) * pupil
    if style != "rendered":
        light = rng.uniform(-0.3, 0.3) * (columns / WIDTH - 0.5)
        light += rng.uniform(-0.2, 0.2) * (rows / HEIGHT - 0.5)
        grain = rng.normal(0, 0.04, image.shape)
        if style == "camera":
            image = dimmed(image)
        image = image + light + grain
    return np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)[..., None]


def dimmed(image: np.ndarray) -> np.ndarray:
    """Returns an image `[35, 55]` in [0, 1] blurred and of less contrast, as the camera's are.

    The blur is a binomial filter of five, twice, edges repeated.
    """
    taps = np.array([1, 4, 6, 4, 1]) / 16
    for axis in (0, 1, 0, 1):
        padded = np.pad(image, [(2, 2) if a == axis else (0, 0) for a in (0, 1)], "edge")
        image = np.apply_along_axis(np.convolve, axis, padded, taps, "valid")
    return 0.25 + 0.45 * image


def open_eyes(
    location: str,
    layout: str,
    split: str,
    main: Field,
    *,
    num_examples: int = 4_000,
    num_test: int = 500,
    style: str = "camera",
    a: str = "rendered",
    b: str = "camera",
    seed: int = 0,
) -> tuple[Source, ...]:
    """Opens source `eyes`: grey images of 35 x 55 pixels, SimGAN's size.

    Args:
        location: unused; the source has no place.
        layout: `"single"`: images in `style`. `"unpaired"`: two domains, styles `a` and `b`, of
            different eyes. `"paired"`: the same eyes in both styles.
        split: `"train"` (`num_examples` images) or `"test"` (`num_test` others).
        main: unused; the source has images alone.
        num_examples, num_test: images of each domain.
        style, a, b: `"rendered"`, `"textured"` or `"camera"`.
        seed: another seed gives other eyes.
    """
    del location, main
    num = options.num_drawn(split, seed, num_examples, num_test)
    styles = [style] if layout == "single" else [a, b]
    for name in styles:
        options.one_of("style", name, STYLES)
    spec = {"image": tf.TensorSpec([HEIGHT, WIDTH, 1], tf.uint8)}

    def source(name, domain):
        def read(indices):
            return {"image": eyes(indices, name, seed, split, domain)}

        return LazySource("eyes", num, spec, read)

    return tuple(map(source, styles, _DOMAINS[layout]))
