"""Generators whose units are known: their inputs are the features themselves."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tfgan_suite.dissection import Subject
from tfgan_suite.networks.opened import OpenedLayer


class FirstChannel:
    """Images show `thing` where their first channel is bright."""

    concepts = ("thing", "nothing")

    def __call__(self, images):
        score = tf.clip_by_value(images[..., 0] * 0.5 + 0.5, 0, 1)
        return tf.stack([score, 1 - score], axis=-1)


def subject(features, weights, batch_size=8):
    """Image i is a weighted sum of the maps `features[i]`, from black to white.

    Args:
        features: `[N, h, w, U]`.
        weights: `[U]`.
    """
    features = np.asarray(features, np.float32)
    kernel = np.asarray(weights, np.float32).reshape(1, 1, -1, 1)
    inputs = keras.Input(features.shape[1:])
    x = layers.Identity(name="units")(inputs)
    x = layers.Conv2D(1, 1, use_bias=False, name="painted")(x)
    images = layers.Rescaling(2.0, offset=-1.0, name="image")(x)
    generator = keras.Model(inputs, images, name="planted")
    generator.get_layer("painted").set_weights([kernel])
    opened = OpenedLayer(generator, "units", like=features[:2])
    return Subject(opened, lambda n: features[np.asarray(n) % len(features)], FirstChannel(),
                   batch_size)  # fmt: skip


def one_hot(unit, units):
    return np.eye(units, dtype=np.float32)[unit]


def blobs(num, size=8, units=4, planted=3, seed=0):
    """Noise in all units but one, which is a mask: a square of half the side, anywhere."""
    rng = np.random.default_rng(seed)
    features = rng.uniform(0, 1, (num, size, size, units)).astype(np.float32)
    features[..., planted] = 0
    for image in features:
        top, left = rng.integers(0, size // 2 + 1, 2)
        image[top : top + size // 2, left : left + size // 2, planted] = 1
    return features
