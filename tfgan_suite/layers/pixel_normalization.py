"""Normalisation of the feature vector at each position."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tfgan_suite")
class PixelNormalization(keras.layers.Layer):
    """Divides the vector of channels at each position by its root mean square.

    From [Karras et al., 2018](https://arxiv.org/abs/1710.10196), section 4.2. It has no weights.

    Args:
        epsilon: float, added to the mean square. Defaults to 1e-8.

    Input and output: `[B, ..., channels]`.

    Example:

    >>> PixelNormalization()(keras.ops.ones((1, 4)) * 3)
    <tf.Tensor: shape=(1, 4), dtype=float32, numpy=array([[1., 1., 1., 1.]], dtype=float32)>
    """

    def __init__(self, epsilon=1e-8, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def call(self, inputs):
        mean_square = ops.mean(ops.square(ops.cast(inputs, "float32")), axis=-1, keepdims=True)
        return inputs * ops.cast(ops.rsqrt(mean_square + self.epsilon), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}
