"""Drawing images from a PixelRNN in several ways, as `benchmarks.pixelrnn_sampling` times them."""

import os

import numpy as np
import tensorflow as tf

from benchmarks import peers
from tfgan_suite import models
from tfgan_suite.models.pixelrnn import pixels
from tfgan_suite.signatures import latents_from_seeds


def config_of(kind):
    """Returns the config of the model that is measured."""
    return {"name": "pixelrnn", "preset": "small_mnist", "kind": kind}


def model_of(kind):
    """Returns the model that is measured."""
    return models.build(config_of(kind))


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


def torch_step(kind, images):
    """Returns a function that draws images in PyTorch, each layer keeping what it has seen."""
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    peer = peers.build(config_of(kind))
    shape = (images, peer.colours, *peer.sides)
    return lambda: peer.sample(torch.rand(shape)).numpy()
