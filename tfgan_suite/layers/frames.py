"""Clips as images of many channels, and back."""

import keras
import tensorflow as tf


def _sizes(tensor):
    """Returns the sizes of a tensor: as numbers, where they are known."""
    dynamic = tf.shape(tensor)
    return [dynamic[i] if size is None else size for i, size in enumerate(tensor.shape)]


@keras.saving.register_keras_serializable(package="tfgan_suite")
class FramesToChannels(keras.layers.Layer):
    """Joins the frames of clips on the channel axis, the first frame's channels first.

    Input: `[B, T, H, W, C]`. Output: `[B, H, W, T * C]`.

    Example:

    >>> FramesToChannels()(keras.ops.ones((2, 4, 8, 8, 3))).shape
    TensorShape([2, 8, 8, 12])
    """

    def call(self, inputs):
        _, frames, height, width, channels = _sizes(inputs)
        together = tf.transpose(inputs, [0, 2, 3, 1, 4])
        images = tf.reshape(together, [-1, height, width, frames * channels])
        return tf.ensure_shape(images, self.compute_output_shape(inputs.shape))

    def compute_output_shape(self, input_shape):
        batch, frames, height, width, channels = input_shape
        return batch, height, width, frames and frames * channels


@keras.saving.register_keras_serializable(package="tfgan_suite")
class ChannelsToFrames(keras.layers.Layer):
    """Parts the channels of images into the frames of clips: what `FramesToChannels` undoes.

    Args:
        num_frames: int. Frames of a clip.

    Input: `[B, H, W, num_frames * C]`. Output: `[B, num_frames, H, W, C]`.

    Example:

    >>> ChannelsToFrames(4)(keras.ops.ones((2, 8, 8, 12))).shape
    TensorShape([2, 4, 8, 8, 3])
    """

    def __init__(self, num_frames, **kwargs):
        super().__init__(**kwargs)
        self.num_frames = num_frames

    def call(self, inputs):
        _, height, width, channels = _sizes(inputs)
        shape = [-1, height, width, self.num_frames, channels // self.num_frames]
        together = tf.reshape(inputs, shape)
        clips = tf.transpose(together, [0, 3, 1, 2, 4])
        return tf.ensure_shape(clips, self.compute_output_shape(inputs.shape))

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return batch, self.num_frames, height, width, channels // self.num_frames

    def get_config(self):
        return {**super().get_config(), "num_frames": self.num_frames}
