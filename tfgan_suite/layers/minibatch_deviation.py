"""How different the examples of a group are, as a channel."""

import keras
import tensorflow as tf

from tfgan_suite.errors import UserInputError


@keras.saving.register_keras_serializable(package="tfgan_suite")
class MinibatchDeviation(keras.layers.Layer):
    """Adds a channel with the mean standard deviation of the features within a group of examples.

    A discriminator that sees it notices samples that are all alike. The deviation over the group
    of each feature at each position is averaged to one number for a group.

    From [Karras et al., 2018](https://arxiv.org/abs/1710.10196), section 3. Its authors' groups are
    of examples that stand far apart in the batch; here they are consecutive, so that a group never
    spans two devices and the result is the same on any number of them.

    Args:
        group_size: int. Examples of a group; a batch that is smaller is one group. Defaults to 4.
        epsilon: float, added to the variance. Defaults to 1e-8.

    Input: `[B, H, W, C]`. Output: `[B, H, W, C + 1]`.

    Raises:
        UserInputError: the batch of a device is not a multiple of the group.

    Example:

    >>> MinibatchDeviation(2)(keras.ops.ones((4, 8, 8, 3))).shape
    TensorShape([4, 8, 8, 4])
    """

    def __init__(self, group_size=4, epsilon=1e-8, **kwargs):
        super().__init__(**kwargs)
        if group_size < 1:
            raise UserInputError(f"`group_size` must be at least 1; received {group_size}.")
        self.group_size, self.epsilon = group_size, epsilon

    def call(self, inputs):
        batch = inputs.shape[0]
        if batch is not None and batch % min(self.group_size, batch):
            raise UserInputError(
                f"Layer {self.name!r} compares groups of {self.group_size} examples and received a "
                f"batch of {batch}. Choose a group size that divides the batch of each device."
            )
        shape = tf.shape(inputs)
        group = tf.minimum(self.group_size, shape[0])
        x = tf.cast(inputs, keras.backend.result_type(self.compute_dtype, "float32"))
        x = tf.reshape(x, tf.concat([[-1, group], shape[1:]], axis=0))
        centered = x - tf.reduce_mean(x, axis=1, keepdims=True)
        variance = tf.reduce_mean(tf.square(centered), axis=1)
        deviation = tf.reduce_mean(tf.sqrt(variance + self.epsilon), axis=[1, 2, 3])
        deviation = tf.repeat(tf.cast(deviation, inputs.dtype), group)[:, None, None, None]
        channel = tf.broadcast_to(deviation, tf.concat([shape[:3], [1]], axis=0))
        return tf.concat([inputs, channel], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + 1)

    def get_config(self):
        return {
            **super().get_config(),
            "group_size": self.group_size,
            "epsilon": self.epsilon,
        }
