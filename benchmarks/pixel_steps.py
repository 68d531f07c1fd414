"""Drawing images from a PixelRNN in two ways, as `benchmarks.pixelrnn_sampling` times it."""

import numpy as np
import tensorflow as tf

from tfgan_suite import models
from tfgan_suite.models.pixelrnn import pixels
from tfgan_suite.signatures import latents_from_seeds


def model_of(kind):
    """Returns the model that is measured."""
    return models.build({"name": "pixelrnn", "preset": "small_mnist", "kind": kind})


def cached_step(kind, images):
    """Returns a function that draws images as the model does."""
    model = model_of(kind)
    seeds = np.arange(images)
    return lambda: model.sample(seeds)


def naive_step(kind, images, num_pixels):
    """Returns a function that draws the first pixels of images by the whole network for each."""
    model = model_of(kind)
    size = int(np.prod(model.image_shape))

    @tf.function(autograph=False)
    def draw(seeds):
        uniform = latents_from_seeds(seeds, size, "hypercube")

        def take_pixel(i, flat):
            logits = model.network(tf.reshape(flat, [-1, *model.image_shape]))
            logits = tf.reshape(logits, [-1, size])[:, i, None]
            drawn = pixels.draw(logits, uniform[:, i, None])
            here = tf.one_hot(i, size)
            return i + 1, flat * (1 - here) + drawn * here

        return tf.while_loop(
            lambda i, flat: i < num_pixels, take_pixel, (tf.constant(0), tf.zeros_like(uniform))
        )[1]

    seeds = np.arange(images, dtype=np.int64)
    return lambda: draw(seeds).numpy()
