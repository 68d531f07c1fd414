"""Batch normalisation over groups of fixed size."""

import math

import keras
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers.group_moments import normalize_groups


@keras.saving.register_keras_serializable(package="tfgan_suite")
class GhostBatchNormalization(keras.layers.Layer):
    """Batch normalisation over groups of `group_size` consecutive examples.

    A group never spans two devices, so the result is the same however many devices share the
    global batch, without communication inside the layer and with XLA. With one group it is plain
    batch normalisation: in training, outputs and gradients of `keras.layers.BatchNormalization`.

    In training each group is normalised by its own mean and (biased) variance. The moving
    statistics move towards the mean over the groups of their means and their unbiased variances,
    n / (n - 1) times the biased ones for groups of n values per channel (examples x positions);
    hence the mean of the replicas' moving statistics is what one device would have. In inference
    the moving statistics are used. The biased variance of a small group underestimates: outputs
    served with it would be sqrt(n / (n - 1)) times as large as those of training, 15 % for n = 4.
    PyTorch's layer keeps the unbiased variance too, Keras' the biased one.

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
        UserInputError: in training, the batch is not a multiple of `group_size`, or a group holds
            a single value per channel, whose normalised value is always 0.

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
        is_number = isinstance(group_size, int) and not isinstance(group_size, bool)
        if group_size is not None and not (is_number and group_size >= 1):
            raise UserInputError(
                f"`group_size` must be None or a whole number from 1; received {group_size!r}."
            )
        self.group_size = group_size
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = keras.initializers.get(beta_initializer)
        self.gamma_initializer = keras.initializers.get(gamma_initializer)

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
        scale = tf.cast(self.gamma, x.dtype) if self.scale else None
        offset = tf.cast(self.beta, x.dtype) if self.center else None
        if training:
            group_size = self._group_size_of(x)
            outputs, mean, variance = normalize_groups(x, group_size, scale, offset, self.epsilon)
            self._move(self.moving_mean, mean)
            self._move(self.moving_variance, variance * self._unbiasing(x, group_size))
        else:
            mean = tf.cast(self.moving_mean, x.dtype)
            variance = tf.cast(self.moving_variance, x.dtype)
            outputs = tf.nn.batch_normalization(x, mean, variance, offset, scale, self.epsilon)
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

    def _group_size_of(self, x):
        batch = x.shape[0]
        if self.group_size is None:
            return tf.shape(x)[0] if batch is None else batch
        if batch is not None and batch % self.group_size:
            raise UserInputError(
                f"Layer {self.name!r} normalises groups of {self.group_size} examples and received "
                f"a batch of {batch}. Choose a group size that divides the batch of each device."
            )
        return self.group_size

    def _unbiasing(self, x, group_size):
        """n / (n - 1), where n is the number of values of a channel in a group."""
        positions = x.shape[1:-1]
        if None in positions or not isinstance(group_size, int):
            positions = tf.shape(x)[1:-1]
            n = tf.cast(group_size * tf.reduce_prod(positions), x.dtype)
            return n / tf.maximum(n - 1, 1)
        n = group_size * math.prod(positions)
        if n == 1:
            raise UserInputError(
                f"Layer {self.name!r} normalises groups of one value per channel (input shape "
                f"{tuple(x.shape)}, group_size={self.group_size}): its output would be the same "
                "for every input. Use larger groups or batches, of at least 2 examples."
            )
        return n / (n - 1)

    def _move(self, moving, of_groups):
        value = tf.cast(tf.reduce_mean(of_groups, axis=0), moving.dtype)
        moving.assign(moving * self.momentum + value * (1 - self.momentum))
