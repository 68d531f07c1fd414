"""Dropout whose masks do not depend on how a batch is split over devices."""

import keras
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers.example_scope import current_example_scope


@keras.saving.register_keras_serializable(package="tfgan_suite")
class Dropout(keras.layers.Layer):
    """Sets a random part of the inputs to 0 in training and scales the rest by `1 / (1 - rate)`.

    Inside `tfgan_suite.layers.example_scope`, as the training core opens it, the mask of an
    example is a function of the scope's seed and the example's index in the global batch.
    `keras.layers.Dropout` gives every replica the same mask. Inside
    `tfgan_suite.layers.seeded_rows` it drops in inference too, by the seed of each row. Outside a
    scope it draws from a `keras.random.SeedGenerator`, as Keras does.

    Args:
        rate: float in [0, 1), the part to drop.
        seed: int or None, for draws outside a scope.

    Input and output: `[batch, ...]`.

    Raises:
        UserInputError: `rate` is outside [0, 1).

    Example:

    >>> Dropout(0.5)(keras.ops.ones((2, 4)), training=True).shape
    TensorShape([2, 4])
    """

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
            raise UserInputError(f"`rate` must be at least 0 and below 1; received {rate!r}.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=False):
        scope = current_example_scope()
        is_on = training or (scope is not None and scope.in_inference)
        if not is_on or self.rate == 0:
            return inputs
        shape = keras.ops.shape(inputs)
        if scope is None:
            uniform = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        else:
            uniform = scope.uniform(shape)
        return tf.where(uniform >= self.rate, inputs / (1 - self.rate), tf.zeros_like(inputs))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
