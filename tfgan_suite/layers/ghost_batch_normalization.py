"""Batch normalisation over groups of fixed size."""

import math

import keras
import tensorflow as tf

from tfgan_suite.errors import UserInputError


@keras.saving.register_keras_serializable(package="tfgan_suite")
class GhostBatchNormalization(keras.layers.Layer):
    """Batch normalisation over groups of `group_size` consecutive examples.

    A group never spans two devices, so the result is the same however many devices share the
    global batch, without communication inside the layer and with XLA. With one group it is plain
    batch normalisation: outputs and gradients of `keras.layers.BatchNormalization`.

    In training each group is normalised by its own mean and (biased) variance, and the moving
    statistics move towards the mean of those over the groups; hence the mean of the replicas'
    moving statistics is what one device would have. In inference the moving statistics are used.
    `training` alone decides: unlike in Keras, `trainable=False` does not switch to inference.
    Statistics are computed in float32 (or wider) whatever the precision policy.

    From [Hoffer et al., 2017](https://arxiv.org/abs/1705.08741).

    Args:
        group_size: int, examples per group; None: all examples that the layer is given, which
            depends on the number of devices.
        momentum: float, what the moving statistics keep at each step.
        epsilon: float, added to the variance.
        center: bool, whether to add a learned offset per channel.
        scale: bool, whether to multiply with a learned gain per channel.
        beta_initializer, gamma_initializer: initialisers of offset and gain.

    Input and output: `[batch, ..., channels]`, any rank from 2.

    Raises:
        UserInputError: in training, the batch is not a multiple of `group_size`.

    Example:

    >>> GhostBatchNormalization(group_size=16)(keras.ops.ones((64, 8, 8, 3)), training=True).shape
    TensorShape([64, 8, 8, 3])
    """

    def __init__(
        self,
        group_size=None,
        momentum=0.9,
        epsilon=1e-5,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if group_size is not None and group_size < 1:
            raise UserInputError(f"`group_size` must be None or at least 1; received {group_size}.")
        self.group_size = group_size
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = keras.initializers.get(beta_initializer)
        self.gamma_initializer = keras.initializers.get(gamma_initializer)
        self.gamma = None
        self.beta = None

    def build(self, input_shape):
        shape = (input_shape[-1],)
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma", shape=shape, initializer=self.gamma_initializer, autocast=False
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta", shape=shape, initializer=self.beta_initializer, autocast=False
            )
        self.moving_mean = self.add_weight(
            name="moving_mean", shape=shape, initializer="zeros", trainable=False, autocast=False
        )
        self.moving_variance = self.add_weight(
            name="moving_variance", shape=shape, initializer="ones", trainable=False, autocast=False
        )

    def call(self, inputs, training=False):
        x = tf.cast(inputs, keras.backend.result_type(self.compute_dtype, "float32"))
        if training:
            outputs = self._normalize_groups(x)
        else:
            mean = tf.cast(self.moving_mean, x.dtype)
            variance = tf.cast(self.moving_variance, x.dtype)
            outputs = self._normalize(x, mean, variance)
        return tf.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "group_size": self.group_size,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": keras.initializers.serialize(self.beta_initializer),
            "gamma_initializer": keras.initializers.serialize(self.gamma_initializer),
        }

    def _normalize_groups(self, x):
        batch = x.shape[0]
        if self.group_size is None or self.group_size == batch:
            mean, variance = tf.nn.moments(x, axes=list(range(len(x.shape) - 1)))
            self._update_moving_statistics(mean, variance)
            return self._normalize(x, mean, variance)
        if batch is not None and batch % self.group_size:
            raise UserInputError(
                f"Layer {self.name!r} normalises groups of {self.group_size} examples and received "
                f"a batch of {batch}. Choose a group size that divides the batch of each device."
            )
        # One axis for all positions: a group's statistics are then a reduction over the middle.
        sides = x.shape[1:-1]
        positions = math.prod(sides) if None not in sides else tf.reduce_prod(tf.shape(x)[1:-1])
        grouped = tf.reshape(x, (-1, self.group_size * positions, x.shape[-1]))
        mean, variance = tf.nn.moments(grouped, axes=[1], keepdims=True)
        self._update_moving_statistics(
            tf.reduce_mean(mean, axis=(0, 1)), tf.reduce_mean(variance, axis=(0, 1))
        )
        return tf.reshape(self._normalize(grouped, mean, variance), tf.shape(x))

    def _normalize(self, x, mean, variance):
        gain = tf.math.rsqrt(variance + self.epsilon)
        if self.gamma is not None:
            gain *= tf.cast(self.gamma, x.dtype)
        outputs = (x - mean) * gain
        if self.beta is not None:
            outputs += tf.cast(self.beta, x.dtype)
        return outputs

    def _update_moving_statistics(self, mean, variance):
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            value = tf.cast(tf.stop_gradient(value), moving.dtype)
            moving.assign(moving * self.momentum + value * (1 - self.momentum))
