"""Feature networks for distances between sets of images, each with a name of its own."""

import hashlib
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.networks import squeezenet


class ImageFeatures:
    """A network that turns images into feature vectors, and the name that figures carry.

    Images are resized with an antialiased bicubic filter where the network asks for a size:
    without antialiasing, a distance measures the filter
    ([Parmar et al., 2022](https://arxiv.org/abs/2104.11222)).

    Args:
        name: str. Part of the names of metrics: `fd_<name>_<count>`.
        network: `keras.Model` from float32 images in [-1, 1] to feature vectors `[B, d]`, or to
            maps `[B, h, w, d]`, of which the mean over the places is taken.

    Example:

    >>> brightness = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()])
    >>> features = ImageFeatures("pixels", brightness)
    >>> features(np.zeros((2, 16, 16, 1), np.uint8)).shape
    (2, 192)
    """

    def __init__(self, name: str, network: keras.Model):
        self.name = name
        self._network = network
        #: Height, width (None for any) and channels of what the network takes.
        self.image_shape = tuple(network.input_shape[1:])
        self._height, self._width, self._channels = self.image_shape

        def compute(images):
            x = tf.cast(images, tf.float32)
            if (self._height, self._width) != tuple(x.shape[1:3]) and self._height is not None:
                size = (self._height, self._width)
                x = tf.image.resize(x, size, method="bicubic", antialias=True)
                x = tf.clip_by_value(x, 0.0, 255.0)
            features = network(x / 127.5 - 1.0, training=False)
            return tf.reduce_mean(features, axis=[1, 2]) if features.shape.rank == 4 else features

        self._compute = tf.function(compute, autograph=False)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Returns the features of a batch.

        Args:
            images: uint8 `[B, height, width, C]`. Grey images are repeated to three channels
                where the network takes three.

        Returns:
            float64 `[B, d]`.

        Raises:
            UserInputError: images of another type, rank or number of channels.
        """
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 4:
            raise UserInputError(
                "Features are of uint8 images [N, height, width, channels] in 0 to 255, so that "
                "real and generated ones are rounded alike. Received: "
                f"{images.dtype} {list(images.shape)}. Convert generated images with `to_uint8`."
            )
        if images.shape[-1] == 1 and self._channels == 3:
            images = np.repeat(images, 3, axis=-1)
        if images.shape[-1] != self._channels:
            raise UserInputError(
                f"The feature network {self.name!r} takes images of {self._channels} channels. "
                f"Received: {images.shape[-1]}."
            )
        return self._compute(tf.constant(images)).numpy().astype(np.float64)

    def digest(self) -> str:
        """Returns 12 hex digits of the weights' SHA-256: features of other weights are others."""
        sha = hashlib.sha256()
        for weight in self._network.get_weights():
            sha.update(np.ascontiguousarray(weight).tobytes())
        return sha.hexdigest()[:12]


def squeezenet_features(weights: str | Path) -> ImageFeatures:
    """Returns the mean over places of SqueezeNet's `fire9`, 512 features, at 227 pixels.

    Args:
        weights: npz file of ImageNet weights, see `networks.squeezenet`.
    """
    return ImageFeatures("squeezenet", squeezenet(weights, outputs=("fire9",)))


def to_uint8(images) -> np.ndarray:
    """Returns images in [-1, 1] as uint8 0 to 255: clipped, scaled and rounded to the nearest.

    Example:

    >>> to_uint8([-1.0, 0.0, 1.3])
    array([  0, 128, 255], dtype=uint8)
    """
    scaled = (np.asarray(images, np.float32) + 1.0) * 127.5
    return np.rint(np.clip(scaled, 0.0, 255.0)).astype(np.uint8)
