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
        taps: ints, the filter along one axis before it is divided by its sum.
        padding: None, or how many zeros stand on each side. None: as many as keep the size, for an
            odd number of taps.
        gain: float. Factor of the filtered image. Defaults to 1.

    Input: `[B, H, W, C]`. Output: the same shape; with a padding `[B, H + 2 padding + 1 - taps,
    ...]`.

    Example:

    >>> Blur()(keras.ops.ones((1, 4, 4, 2))).shape
    TensorShape([1, 4, 4, 2])
    """

    def __init__(self, taps=(1, 2, 1), padding=None, gain=1.0, **kwargs):
        super().__init__(**kwargs)
        self.taps, self.padding, self.gain = tuple(taps), padding, gain

    def call(self, inputs):
        line = np.array(self.taps, np.float32) / sum(self.taps)
        kernel = self.gain * np.outer(line, line)[:, :, None, None].repeat(inputs.shape[-1], axis=2)
        zeros = self._zeros
        padding = [[0, 0], [zeros, zeros], [zeros, zeros], [0, 0]]
        return tf.nn.depthwise_conv2d(
            tf.pad(inputs, padding), tf.constant(kernel, inputs.dtype), [1, 1, 1, 1], "VALID"
        )

    @property
    def _zeros(self):
        return len(self.taps) // 2 if self.padding is None else self.padding

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        more = 2 * self._zeros + 1 - len(self.taps)
        return batch, height and height + more, width and width + more, channels

    def get_config(self):
        config = {"taps": self.taps, "padding": self.padding, "gain": self.gain}
        return {**super().get_config(), **config}
