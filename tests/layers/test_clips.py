"""Layers that work on clips."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.layers import ChannelsToFrames, DoublingConvolution3D, FramesToChannels


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (2, 4, 4, 5), (3, 5, 2, 1)])
def test_a_doubling_convolution_is_keras_transposed_convolution(shape, training):
    """Values and gradients, by the input, the kernel and the bias."""
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(2, *shape)), tf.float32)
    ours = DoublingConvolution3D(4, activation="tanh", bias_initializer="normal")
    theirs = keras.layers.Conv3DTranspose(4, 4, strides=2, padding="same", activation="tanh")
    for layer in (ours, theirs):
        layer.build(x.shape)
    theirs.set_weights(ours.get_weights())
    found = []
    for layer, mode in ((ours, {"training": training}), (theirs, {})):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, **mode)
            # no weight of a sum would tell places apart
            total = tf.reduce_sum(
                y * tf.cast(tf.reshape(tf.range(tf.size(y)) % 7, y.shape), y.dtype)
            )
        found.append([y, *tape.gradient(total, [x, layer.kernel.value, layer.bias.value])])
    assert found[0][0].shape == (2, *(2 * side for side in shape[:3]), 4)
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5 * np.abs(other).max())


def test_frames_on_channels_and_back():
    clips = np.random.default_rng(0).normal(size=(2, 4, 3, 5, 2)).astype("float32")
    images = FramesToChannels()(clips)
    np.testing.assert_array_equal(images[..., 2:4], clips[:, 1])
    np.testing.assert_array_equal(ChannelsToFrames(4)(images), clips)
