"""Smoothing by a binomial filter."""

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfgan_suite")
class Blur(keras.layers.Layer):
    """Smooths each channel by a separable filter, with zeros around the image.

    From [Karras et al., 2019](https://arxiv.org/abs/1812.04948), who blur behind each upsampling
    and before each downsampling by (1, 2, 1).

    Args:
        taps: ints, the filter along one axis before it is divided by its sum. Their number is odd.

    Input and output: `[B, H, W, C]`.

    Example:

    >>> Blur()(keras.ops.ones((1, 4, 4, 2))).shape
    TensorShape([1, 4, 4, 2])
    """

    def __init__(self, taps=(1, 2, 1), **kwargs):
        super().__init__(**kwargs)
        self.taps = tuple(taps)

    def call(self, inputs):
        line = np.array(self.taps, np.float32) / sum(self.taps)
        kernel = np.outer(line, line)[:, :, None, None].repeat(inputs.shape[-1], axis=2)
        return tf.nn.depthwise_conv2d(
            inputs, tf.constant(kernel, inputs.dtype), [1, 1, 1, 1], "SAME"
        )

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "taps": self.taps}
