"""Residual networks without normalisation."""

import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import GroupedConvolution2D
from tfgan_suite.losses import penalties
from tfgan_suite.networks import build_pair

SMALL = {"image_size": 16, "filters": 8, "max_filters": 16, "group_width": 8}


def test_blocks_begin_as_the_identity():
    generator, discriminator = build_pair("residual", **SMALL)
    for network in (generator, discriminator):
        for layer in network.layers:
            if layer.name.startswith("convolution_") and layer.name.endswith("_c"):
                assert not np.any(layer.kernel.numpy())
    # So G is linear in its latents at first.
    z = tf.random.stateless_normal([2, 64], [0, 0])
    bias = generator(tf.zeros([1, 64]))
    np.testing.assert_allclose(
        generator(2 * z) - bias, 2 * (generator(z) - bias), rtol=1e-4, atol=1e-4
    )


def test_kernels_begin_smaller_in_deeper_networks():
    def deviation(num_blocks):
        generator, _ = build_pair("residual", **SMALL, num_blocks=num_blocks)
        kernel = generator.get_layer("convolution_2_0_b").kernel.numpy()
        return kernel.std() * np.sqrt(9 * 8)  # fan-in of a group

    assert deviation(1) == pytest.approx(np.sqrt(2) / 3**0.25, rel=0.1)
    assert deviation(4) == pytest.approx(np.sqrt(2) / 12**0.25, rel=0.1)


def test_penalties_of_grouped_convolutions_have_gradients():
    _, discriminator = build_pair("residual", **SMALL)
    for layer in discriminator.layers:
        if layer.name.endswith("_c"):
            layer.kernel.assign(tf.random.stateless_normal(layer.kernel.shape, [0, 0]))
    x = tf.random.stateless_normal([2, 16, 16, 3], [0, 1])

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(penalties.r1(discriminator, x))
        return tape.gradient(loss, [v.value for v in discriminator.trainable_variables])

    grouped = [
        g
        for v, g in zip(discriminator.trainable_variables, gradients(), strict=True)
        if v.path.endswith("_b/kernel")
    ]
    assert grouped and all(np.any(g.numpy()) and np.isfinite(g).all() for g in grouped)


def test_grouped_convolutions_are_those_of_keras():
    inputs = tf.random.stateless_normal([2, 7, 6, 8], [0, 0])
    arguments = {"groups": 4, "strides": 2, "padding": "same", "bias_initializer": "ones"}
    ours, keras_own = GroupedConvolution2D(12, 3, **arguments), layers.Conv2D(12, 3, **arguments)
    keras_own.build(inputs.shape)
    ours.build(inputs.shape)
    ours.set_weights(keras_own.get_weights())
    np.testing.assert_allclose(ours(inputs), keras_own(inputs), rtol=1e-5, atol=1e-5)


def test_groups_that_do_not_divide_are_refused():
    with pytest.raises(UserInputError, match=r"group_width must divide the 32 channels"):
        build_pair("residual", **{**SMALL, "group_width": 5})
