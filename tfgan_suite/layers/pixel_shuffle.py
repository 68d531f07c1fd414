"""Channels that become pixels."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfgan_suite")
class PixelShuffle(keras.layers.Layer):
    """Rearranges channels into pixels, `[B, H, W, factor² C]` to `[B, factor H, factor W, C]`.

    Channel `(row * factor + column) * C + c` becomes channel c of the pixel in this row and column
    of its block, as in `tf.nn.depth_to_space`. PyTorch's `PixelShuffle` takes channel
    `c * factor² + row * factor + column`: weights in front of it are in another order there.

    From [Shi et al., 2016](https://arxiv.org/abs/1609.05158).

    Args:
        factor: int. By which height and width grow.

    Example:

    >>> PixelShuffle(2)(np.array([[[[1.0, 2.0, 3.0, 4.0]]]]))[0, ..., 0].numpy()
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    """

    def __init__(self, factor=2, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return tf.nn.depth_to_space(inputs, self.factor)

    def compute_output_shape(self, input_shape):
        batch, *sides, channels = input_shape
        sides = [None if side is None else side * self.factor for side in sides]
        return (batch, *sides, channels // self.factor**2)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}
