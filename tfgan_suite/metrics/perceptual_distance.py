"""How different two images look to SqueezeNet."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan_suite.losses.perceptual import unit_feature_distance
from tfgan_suite.networks.squeezenet import squeezenet

LAYERS = ("conv1", "fire3", "fire5", "fire7", "fire9")


class PerceptualDistance:
    """`unit_feature_distance` on five layers of SqueezeNet 1.0, images at their own size.

    It is not LPIPS, which weights channels as people judged: figures carry the name
    `squeezenet_distance`.

    Args:
        weights: npz file of ImageNet weights, see `networks.squeezenet`.
    """

    name = "squeezenet_distance"

    def __init__(self, weights: str | Path):
        network = squeezenet(weights, outputs=LAYERS, image_size=None)

        def compute(first, second):
            maps = [network(_coloured(images), training=False) for images in (first, second)]
            return unit_feature_distance(*maps)

        self._compute = tf.function(compute, autograph=False)

    def __call__(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Returns the distances of pairs of images.

        Args:
            first, second: float32 `[B, H, W, C]` in [-1, 1], sides of 31 and more, C 1 or 3.

        Returns:
            float32 `[B]`.
        """
        return self._compute(tf.constant(first), tf.constant(second)).numpy()


def _coloured(images):
    return tf.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images
