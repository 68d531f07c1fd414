"""The points of given images."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import number
from tfgan_suite.editing.search import Search, SearchOptions
from tfgan_suite.editing.spaces import (
    checked_conditions,
    checked_images,
    checked_points,
    decoded,
    find_space,
)
from tfgan_suite.errors import UserInputError
from tfgan_suite.losses.reconstruction import l2
from tfgan_suite.training import GenerativeModel


@dataclasses.dataclass(frozen=True)
class Projection:
    """Images, and what a generator makes that is nearest to them.

    Args:
        images: `[N, H, W, C]`, those given.
        points: `[N, *shape]`.
        reconstructions: `[N, H, W, C]`, the samples of the points.
        values: `[N, starts]`. The objective that each start came to.
    """

    images: np.ndarray
    points: np.ndarray
    reconstructions: np.ndarray
    values: np.ndarray

    @property
    def errors(self) -> np.ndarray:
        """Mean squared difference of pixels in [-1, 1], `[N]`."""
        return np.mean((self.images - self.reconstructions) ** 2, axis=(1, 2, 3))


def project(
    model: GenerativeModel,
    images,
    *,
    space: str | None = None,
    conditions: Mapping | None = None,
    options: SearchOptions | None = None,
    start=None,
    features: Callable[[tf.Tensor], tf.Tensor] | None = None,
    feature_weight: float = 0.002,
) -> Projection:
    """Finds the points whose samples are nearest to given images.

    What is minimised is the mean squared difference of pixels and, times `feature_weight`, of
    features ([Zhu et al., 2016](https://arxiv.org/abs/1609.03552), whose features are AlexNet's).

    Args:
        model: a model of images.
        images: `[N, H, W, C]` in [-1, 1], of the model's size.
        space: name of one of `model.latent_spaces()`; None: the first.
        conditions: value of one row of each condition, such as `{"class_id": 3}`.
        options: `SearchOptions`.
        start: `[N, *shape]` or None. Points to begin at beside the seeds', such as an encoder's.
        features: network from images to features, or None.
        feature_weight: float.

    Returns:
        A `Projection`. No network of the model changes.

    Raises:
        UserInputError: on images, points or conditions that do not fit.

    Example:

    ```python
    from tfgan_suite import models

    dcgan = models.build({"name": "dcgan", "preset": "tiny"})
    found = project(dcgan, dcgan.sample([3]), options=SearchOptions(steps=20))
    assert found.reconstructions.shape == (1, 16, 16, 1)
    print(found.errors)
    ```
    """
    latents = find_space(model, space)
    images = checked_images(latents, images)
    conditions = checked_conditions(latents, conditions)
    number("feature_weight", feature_weight, 0, 1e9)
    if start is not None:
        start = checked_points(latents, start, "start")
        if len(start) != len(images):
            raise UserInputError(f"start: expected {len(images)} points. Received: {len(start)}.")
    objective = distance_to_image(latents, features, feature_weight)
    search = Search(model, latents, objective, options or SearchOptions())
    found = [
        search.find(image[None], conditions, None if start is None else start[i])
        for i, image in enumerate(images)
    ]
    points = np.stack([one.point for one in found])
    return Projection(
        images,
        points,
        decoded(model, latents, points, conditions),
        np.stack([one.values for one in found]),
    )


def distance_to_image(latents, features=None, feature_weight=0.0):
    """Returns the `Objective` that compares samples with an image `[1, H, W, C]`."""

    def objective(points, conditions, image):
        samples = latents.decode(points, conditions)
        image = tf.broadcast_to(image, tf.shape(samples))
        distance = l2(image, samples)
        if features is not None:
            distance += feature_weight * l2(features(image), features(samples))
        return distance

    return objective
