"""Dense layer whose activation is the maximum over several linear pieces."""

import keras

from tfgan_suite.errors import UserInputError


@keras.saving.register_keras_serializable(package="tfgan_suite")
class Maxout(keras.layers.Layer):
    """Each unit is the largest of `pieces` linear functions of the input.

    From [Goodfellow et al., 2013](https://arxiv.org/abs/1302.4389); the discriminators of the
    first GAN paper are made of it.

    Args:
        units: int, size of the output.
        pieces: int, linear functions per unit.
        kernel_initializer, bias_initializer: as in `keras.layers.Dense`.

    Input: `[batch, ..., features]`. Output: `[batch, ..., units]`.

    Example:

    >>> Maxout(units=240, pieces=5)(keras.ops.ones((2, 784))).shape
    TensorShape([2, 240])
    """

    def __init__(
        self,
        units,
        pieces,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if units < 1 or pieces < 1:
            raise UserInputError(
                f"`units` and `pieces` must be at least 1; received {units} and {pieces}."
            )
        self.units = units
        self.pieces = pieces
        self.linear = keras.layers.Dense(
            units * pieces,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            dtype=self.dtype_policy,
            name="linear",
        )

    def build(self, input_shape):
        self.linear.build(input_shape)

    def call(self, inputs):
        x = self.linear(inputs)
        pieces_last = (*keras.ops.shape(x)[:-1], self.units, self.pieces)
        return keras.ops.max(keras.ops.reshape(x, pieces_last), axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "pieces": self.pieces,
            "kernel_initializer": keras.initializers.serialize(self.linear.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.linear.bias_initializer),
        }
