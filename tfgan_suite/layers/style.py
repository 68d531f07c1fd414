"""Layers of generators whose latents are styles."""

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable(package="tfgan_suite")
class LearnedConstant(keras.layers.Layer):
    """A learned tensor, the same for each example: what a style-based generator begins with.

    Before training it is from N(0, 1), StyleGAN2's choice. StyleGAN's ones have no variance: an
    instance normalisation that follows makes rounding errors of them.

    Args:
        shape: tuple of ints. Shape of one example.

    Input: any tensor `[B, ...]`, of which the batch size alone counts. Output: `[B, *shape]`.

    Example:

    >>> LearnedConstant((4, 4, 8))(keras.ops.ones((2, 16))).shape
    TensorShape([2, 4, 4, 8])
    """

    def __init__(self, shape, **kwargs):
        super().__init__(**kwargs)
        self.shape = tuple(shape)

    def build(self, input_shape):
        self.constant = self.add_weight(
            name="constant",
            shape=self.shape,
            initializer=keras.initializers.RandomNormal(stddev=1.0),
        )

    def call(self, inputs):
        constant = ops.convert_to_tensor(self.constant)[None]
        return tf.tile(constant, [tf.shape(inputs)[0]] + [1] * len(self.shape))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.shape)

    def get_config(self):
        return {**super().get_config(), "shape": self.shape}


@keras.saving.register_keras_serializable(package="tfgan_suite")
class AddNoise(keras.layers.Layer):
    """Adds one map of noise to all channels, with a learned strength, at first 0.

    From [Karras et al., 2019](https://arxiv.org/abs/1812.04948); their second paper has one
    strength for all channels.

    Args:
        by_channel: bool. Whether each channel has a strength of its own. Defaults to True.

    Inputs: `[x, noise]`, `[B, H, W, C]` and `[B, H, W, 1]`. Output: `[B, H, W, C]`.

    Example:

    >>> AddNoise()([keras.ops.ones((2, 4, 4, 8)), keras.ops.ones((2, 4, 4, 1))]).shape
    TensorShape([2, 4, 4, 8])
    """

    def __init__(self, by_channel=True, **kwargs):
        super().__init__(**kwargs)
        self.by_channel = by_channel

    def build(self, input_shape):
        shape = (input_shape[0][-1],) if self.by_channel else ()
        self.strength = self.add_weight(name="strength", shape=shape, initializer="zeros")

    def call(self, inputs):
        x, noise = inputs
        return x + ops.cast(noise, x.dtype) * self.strength

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "by_channel": self.by_channel}


@keras.saving.register_keras_serializable(package="tfgan_suite")
class ScaleAndShift(keras.layers.Layer):
    """Scales and shifts each channel of an example by its style: x (s + 1) + b.

    Behind an instance normalisation this is adaptive instance normalisation, after which each
    channel of an example has the mean b and the standard deviation |s + 1|.

    Inputs: `[x, style]`, `[B, H, W, C]` and `[B, 2 C]`, first all s, then all b. Output:
    `[B, H, W, C]`.

    Example:

    >>> ScaleAndShift()([keras.ops.ones((2, 4, 4, 8)), keras.ops.ones((2, 16))]).shape
    TensorShape([2, 4, 4, 8])
    """

    def call(self, inputs):
        x, style = inputs
        scale, shift = ops.split(style[:, None, None, :], 2, axis=-1)
        return x * (scale + 1) + shift

    def compute_output_shape(self, input_shape):
        return input_shape[0]


@keras.saving.register_keras_serializable(package="tfgan_suite")
class TrackMean(keras.layers.Layer):
    """Keeps a moving average of the mean of what passes through it.

    It moves in training, by the batch mean (over all replicas, in a `GenerativeModel`).

    Args:
        momentum: float. What the average keeps at each step. Defaults to 0.995, StyleGAN's.

    Input: `[B, size]`. Outputs: the input, and the average, `[B, size]`.

    Example:

    >>> x, mean = TrackMean()(keras.ops.ones((2, 4)))
    """

    def __init__(self, momentum=0.995, **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum

    def build(self, input_shape):
        self.moving_mean = self.add_weight(
            name="moving_mean",
            shape=(input_shape[-1],),
            initializer="zeros",
            trainable=False,
            autocast=False,
        )

    def call(self, inputs, training=False):
        if training:
            mean = ops.mean(ops.cast(inputs, "float32"), axis=0)
            self.moving_mean.assign(self.moving_mean * self.momentum + mean * (1 - self.momentum))
        mean = ops.cast(self.moving_mean, inputs.dtype)
        return inputs, ops.zeros_like(inputs) + mean

    def compute_output_shape(self, input_shape):
        return input_shape, input_shape

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum}
