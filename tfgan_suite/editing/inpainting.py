"""Holes of an image filled by what a generator would make there."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import number, whole_number
from tfgan_suite.editing.blending import poisson_blend
from tfgan_suite.editing.search import Search, SearchOptions
from tfgan_suite.editing.spaces import checked_conditions, checked_images, decoded, find_space
from tfgan_suite.errors import UserInputError
from tfgan_suite.losses import adversarial
from tfgan_suite.signatures import LatentSpace
from tfgan_suite.training import GenerativeModel

WINDOW = 7
PRIOR = 0.003
_FOOLING = adversarial.get("non_saturating").generator


@dataclasses.dataclass(frozen=True)
class Inpainting:
    """A filled image.

    Args:
        image: `[H, W, C]` in [-1, 1].
        sample: `[H, W, C]`. What the generator made, before it was blended in.
        point: `[*shape]`, the sample's.
        value: float. The objective.
    """

    image: np.ndarray
    sample: np.ndarray
    point: np.ndarray
    value: float


def inpaint(
    model: GenerativeModel,
    image,
    hole,
    *,
    space: str | None = None,
    conditions: Mapping | None = None,
    options: SearchOptions | None = None,
    window: int = WINDOW,
    prior: float = PRIOR,
    blend: bool = True,
) -> Inpainting:
    """Fills the hole of an image.

    Looks for the sample that agrees with the known pixels, above all with those near the hole
    (`context_weights`), and that the discriminator takes for real; its hole is blended in.

    Source: [Yeh et al., 2017](https://arxiv.org/abs/1607.07539). The paper minimises
    `log(1 - D)`; here it is `-log D`, which has the same minimum and a gradient where D is sure.

    Args:
        model: a model of images.
        image: `[H, W, C]` in [-1, 1]. What it holds in the hole is not looked at.
        hole: bool `[H, W]`. True where the image is to be filled.
        space, conditions, options: see `project`.
        window: int, odd. Side of the neighbourhood that the weights look at.
        prior: float. Weight of `-log D`, beside a sum over pixels; it counts only where the model
            has a discriminator that judges a whole image alone.
        blend: bool. False: the hole shows the sample as it is.

    Returns:
        An `Inpainting`. No network of the model changes.

    Raises:
        UserInputError: on an image or hole that do not fit, or a hole of nothing or of everything.
    """
    latents = find_space(model, space)
    images = checked_images(latents, np.asarray(image)[None], "image")
    hole = checked_hole(hole, images.shape[1:3])
    if whole_number("window", window, 3) % 2 == 0:
        raise UserInputError(f"window must be odd. Received: {window}.")
    number("prior", prior, 0, 1e9)
    conditions = checked_conditions(latents, conditions)
    search = Search(
        model, latents, agreement_around_hole(latents, prior), options or SearchOptions()
    )
    known = np.where(hole[None, ..., None], np.float32(0), images)
    weights = context_weights(hole[None], window)
    found = search.find((known, weights), conditions)
    samples = decoded(model, latents, found.point[None], conditions)
    filled = filled_with(known, samples, hole[None], blend).numpy()
    return Inpainting(filled[0], samples[0], found.point, found.value)


def checked_hole(hole, size: tuple[int, int]) -> np.ndarray:
    """Returns a hole as bool `[H, W]`.

    Raises:
        UserInputError: it is of another size, or holds nothing or everything.
    """
    hole = np.asarray(hole)
    if hole.shape != tuple(size) or hole.dtype != bool:
        raise UserInputError(
            f"The mask must be bool of the image's size, {tuple(size)}. Received: {hole.dtype} of "
            f"shape {hole.shape}."
        )
    if not hole.any() or hole.all():
        raise UserInputError(
            f"The mask marks {'all' if hole.any() else 'none'} of the image; expected a part to "
            "fill."
        )
    return hole


def context_weights(holes, window: int = WINDOW) -> tf.Tensor:
    """Returns how much each known pixel counts: the share of unknown ones around it.

    A known pixel far from any hole has weight 0, and so has an unknown one.

    Args:
        holes: bool `[B, H, W]`. True where pixels are unknown.
        window: int, odd. Side of the neighbourhood, which ends with the image. The pixel itself
            is not in it.

    Returns:
        float32 `[B, H, W]`.
    """
    unknown = tf.cast(holes, tf.float32)[..., None]
    kernel = tf.ones([window, window, 1, 1])
    around = tf.nn.conv2d(unknown, kernel, 1, "SAME")
    number_around = tf.nn.conv2d(tf.ones_like(unknown), kernel, 1, "SAME") - 1
    return ((1 - unknown) * around / number_around)[..., 0]


def agreement_around_hole(latents: LatentSpace, prior: float):
    """Returns the `Objective` of `inpaint`, which is given an image and its context weights."""

    def objective(points, conditions, given):
        image, weights = given
        samples = latents.decode(points, conditions)
        apart = tf.reduce_sum(weights[..., None] * tf.abs(samples - image), axis=[1, 2, 3])
        if latents.judge is None or not prior:
            return apart
        return apart + prior * _FOOLING(latents.judge(samples, conditions))

    return objective


def filled_with(images, samples, holes, blend: bool = True) -> tf.Tensor:
    """Returns images `[B, H, W, C]` in [-1, 1] whose holes show samples, blended or as they are."""
    filled = tf.where(holes[..., None], samples, images)
    if blend:
        filled = poisson_blend(images, samples, holes)
    return tf.clip_by_value(filled, -1.0, 1.0)
