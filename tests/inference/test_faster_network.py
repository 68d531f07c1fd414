import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfgan_suite import models
from tfgan_suite.inference.faster_layers import (
    BlockConvolution2D,
    GatheredReflection2D,
    PhaseConvolution2D,
)
from tfgan_suite.inference.faster_network import AnyNumberOfRows, faster_network
from tfgan_suite.layers import GhostBatchNormalization, ReflectionPadding2D


def with_other_weights(network):
    """Weights and statistics as they could be after training."""
    rng = np.random.default_rng(0)
    for variable in network.variables:
        values = rng.normal(size=variable.shape) * 0.2
        if "variance" in variable.path or "gamma" in variable.path:
            values = np.exp(values)
        variable.assign(values)
    return network


def inputs_of(network):
    """Five rows for each input, integers 0, 1, 2 ...; a side of any size has 8 pixels."""
    rng = np.random.default_rng(1)

    def values(spec):
        shape = (5, *(8 if n is None else n for n in spec.shape[1:]))
        if spec.dtype.startswith("int"):
            return np.resize(np.arange(3, dtype=spec.dtype), shape)
        return rng.uniform(-1, 1, shape).astype("float32")

    inputs = [values(spec) for spec in network.inputs]
    return inputs[0] if len(inputs) == 1 else inputs


def norms_of(network):
    kinds = GhostBatchNormalization | layers.BatchNormalization
    return [layer for layer in network.layers if isinstance(layer, kinds)]


@pytest.mark.parametrize("name", models.names())
def test_every_served_network_stays_what_it_was(name):
    model = models.build({"name": name, "preset": "tiny"})
    for network in model.served_networks().values():
        with_other_weights(network)
        faster = faster_network(network)
        answers = (keras.tree.flatten(each(inputs_of(network))) for each in (faster, network))
        for found, expected in zip(*answers, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-5)
        if name == "dcgan":
            assert norms_of(network) and not norms_of(faster)


@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.parametrize("norm", [GhostBatchNormalization, layers.BatchNormalization])
@pytest.mark.parametrize(
    "linear",
    [
        lambda: layers.Dense(6),
        lambda: layers.Conv2D(6, 3, use_bias=False),
        lambda: layers.Conv2DTranspose(6, 3, strides=2, padding="same"),
    ],
)
def test_each_linear_layer_with_each_norm(linear, norm, sequential):
    images = keras.Input((8, 8, 3))
    if sequential:
        network = keras.Sequential([images, linear(), norm(), layers.ReLU()])
    else:
        network = keras.Model(images, layers.ReLU()(norm()(linear()(images))))
    with_other_weights(network)
    faster = faster_network(network)
    assert not norms_of(faster)
    np.testing.assert_allclose(
        faster(inputs_of(network)), network(inputs_of(network)), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(
    "middle",
    [
        lambda x: layers.BatchNormalization()(layers.Dense(4, activation="relu")(x)),
        lambda x: layers.BatchNormalization(axis=1)(layers.Dense(4)(x)),
        lambda x: layers.BatchNormalization()(layers.ReLU()(x)),
        lambda x: layers.Add()([y := layers.Dense(4)(x), layers.BatchNormalization()(y)]),
    ],
    ids=["activation between", "another axis", "no linear layer", "read by another layer"],
)
def test_what_cannot_be_faster_stays(middle):
    inputs = keras.Input((5, 4))
    network = with_other_weights(keras.Model(inputs, middle(inputs)))
    faster = faster_network(network)
    assert faster is network


@pytest.mark.parametrize("size", [1, 5, 8])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel_size", [2, 3, 4, 5, 6, (3, 4)])
@pytest.mark.parametrize("filters, num_convolutions", [(4, 1), (5, 4)])
def test_phases_give_the_transposed_convolution(
    filters, num_convolutions, kernel_size, padding, size
):
    images = keras.Input((None, None, 3))
    layer = layers.Conv2DTranspose(
        filters, kernel_size, strides=2, padding=padding, activation="tanh"
    )
    network = with_other_weights(keras.Model(images, layer(images)))
    faster = faster_network(network)
    twin = faster.get_layer(layer.name)
    assert isinstance(twin, PhaseConvolution2D) and len(twin.kernels) == num_convolutions
    x = np.random.default_rng(1).normal(size=(2, size, size + 2, 3)).astype("float32")
    np.testing.assert_allclose(faster(x), network(x), atol=1e-5)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel_size", [3, 4, 7, (3, 5)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_blocks_give_the_convolution(use_bias, kernel_size, padding):
    sides = [
        8 if padding == "same" else 7 + size for size in np.broadcast_to(kernel_size, 2).tolist()
    ]
    images = keras.Input((*sides, 5))
    layer = layers.Conv2D(3, kernel_size, padding=padding, use_bias=use_bias, activation="tanh")
    network = with_other_weights(keras.Model(images, layer(images)))
    faster = faster_network(network)
    assert isinstance(faster.get_layer(layer.name), BlockConvolution2D)
    np.testing.assert_allclose(
        faster(inputs_of(network)), network(inputs_of(network)), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(
    "size, arguments",
    [
        (9, {"filters": 3}),
        (None, {"filters": 3}),
        (8, {"filters": 5}),
        (8, {"filters": 3, "strides": 2}),
        (8, {"filters": 3, "dilation_rate": 2}),
        (8, {"filters": 3, "groups": 3}),
    ],
)
def test_other_convolutions_stay(size, arguments):
    images = keras.Input((size, size, 3))
    layer = layers.Conv2D(kernel_size=3, padding="same", **arguments)
    network = keras.Model(images, layer(images))
    assert faster_network(network) is network


@pytest.mark.parametrize("static", [True, False])
@pytest.mark.parametrize("padding", [1, (0, 3), ((4, 1), (0, 2))])
def test_a_gather_gives_the_reflection(padding, static):
    x = np.random.default_rng(1).normal(size=(2, 5, 7, 3)).astype("float32")
    images = keras.Input(x.shape[1:] if static else (None, None, 3))
    layer = ReflectionPadding2D(padding)
    network = keras.Model(images, layer(images))
    faster = faster_network(network)
    assert isinstance(faster.get_layer(layer.name), GatheredReflection2D)
    assert faster.output_shape == network.output_shape
    np.testing.assert_array_equal(faster(x), network(x))


@pytest.mark.parametrize("arguments", [{"strides": 1}, {"strides": 2, "output_padding": 1}])
def test_other_transposed_convolutions_stay(arguments):
    images = keras.Input((8, 8, 3))
    network = keras.Model(images, layers.Conv2DTranspose(4, 3, **arguments)(images))
    assert faster_network(network) is network


def test_other_precisions_and_subclasses_stay():
    inputs = keras.Input((4,))
    network = keras.Model(
        inputs,
        GhostBatchNormalization(dtype="bfloat16")(layers.Dense(4, dtype="bfloat16")(inputs)),
    )
    assert faster_network(network) is network


def test_a_function_of_the_layers_gets_those_of_the_network_and_any_number_of_rows():
    network = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    stand_in = AnyNumberOfRows(lambda x, training: x, layers_of=network)

    def twice(network, x):
        return 2 * network.layers[0](x), x

    for rows in (0, 2):
        values = np.ones((rows, 4), "float32")
        outputs, given = stand_in.through_layers(twice, tf.constant(values))
        assert outputs.shape == (rows, 3) and given.shape == (rows, 4)
        np.testing.assert_allclose(outputs, 2 * network(values))
