"""A learned offset per channel."""

import keras


@keras.saving.register_keras_serializable(package="tfgan_suite")
class Bias(keras.layers.Layer):
    """Adds one learned number, at first 0, to each channel.

    Input and output: `[B, ..., channels]`.

    Example:

    >>> Bias()(keras.ops.ones((2, 4))).shape
    TensorShape([2, 4])
    """

    def build(self, input_shape):
        self.bias = self.add_weight(name="bias", shape=(input_shape[-1],), initializer="zeros")

    def call(self, inputs):
        return inputs + self.bias

    def compute_output_shape(self, input_shape):
        return input_shape
