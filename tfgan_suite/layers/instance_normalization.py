"""Normalisation of each example and channel over its own pixels."""

import keras
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers.group_moments import normalize_groups


@keras.saving.register_keras_serializable(package="tfgan_suite")
class InstanceNormalization(keras.layers.Layer):
    """Gives every channel of every example mean 0 and variance 1 over its positions.

    The same in training and inference: there are no moving statistics. Statistics are computed
    in float32 (or wider) whatever the precision policy. The defaults, no learned scale or offset
    and epsilon 1e-5, are those of the CycleGAN code; `keras.layers.GroupNormalization` has others.

    From [Ulyanov et al., 2016](https://arxiv.org/abs/1607.08022).

    Args:
        epsilon: float, added to the variance.
        center: bool, whether to add a learned offset per channel (initially 0).
        scale: bool, whether to multiply with a learned gain per channel.
        gamma_initializer: initialiser of the gain.

    Input and output: `[batch, ..., channels]` with at least one position axis.

    Raises:
        UserInputError: the input has no position axis.

    Example:

    >>> InstanceNormalization()(keras.random.normal((2, 8, 8, 3))).shape
    TensorShape([2, 8, 8, 3])
    """

    def __init__(self, epsilon=1e-5, center=False, scale=False, gamma_initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.gamma_initializer = keras.initializers.get(gamma_initializer)

    def build(self, input_shape):
        if len(input_shape) < 3:
            raise UserInputError(
                f"Layer {self.name!r} normalises over the positions of [batch, ..., channels]; "
                f"received an input without positions, of shape {tuple(input_shape)}."
            )
        shape = (input_shape[-1],)
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma", shape=shape, initializer=self.gamma_initializer, autocast=False
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta", shape=shape, initializer="zeros", autocast=False
            )

    def call(self, inputs):
        x = tf.cast(inputs, keras.backend.result_type(self.compute_dtype, "float32"))
        scale = tf.cast(self.gamma, x.dtype) if self.scale else None
        offset = tf.cast(self.beta, x.dtype) if self.center else None
        outputs, _, _ = normalize_groups(x, 1, scale, offset, self.epsilon)
        return tf.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "gamma_initializer": keras.initializers.serialize(self.gamma_initializer),
        }
