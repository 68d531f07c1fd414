"""Images enlarged between their pixels."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfgan_suite")
class BilinearUpsampling(keras.layers.Layer):
    """Enlarges images of any size, `[B, H, W, C]` to `[B, factor H, factor W, C]`, bilinearly.

    What `keras.layers.UpSampling2D` does, also where the size is only known as a graph runs.

    Args:
        factor: int.
    """

    def __init__(self, factor=2, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        made = tf.image.resize(inputs, self.factor * tf.shape(inputs)[1:3], "bilinear")
        made.set_shape(self.compute_output_shape(inputs.shape))
        return tf.cast(made, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        sides = [None if side is None else side * self.factor for side in (height, width)]
        return (batch, *sides, channels)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}
