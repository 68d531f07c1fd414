"""A layer is read and edited inside one compiled function, and is the same afterwards."""

import keras
import numpy as np
import planted
import pytest
import tensorflow as tf
from keras import layers

from tfgan_suite import models
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import flat
from tfgan_suite.networks.opened import (
    Edit,
    OpenedLayer,
    find_layer,
    openable_layers,
    opened,
)
from tfgan_suite.signatures.numbered import NumberedImages


@pytest.fixture(scope="module")
def dcgan():
    return models.build({"name": "dcgan", "preset": "tiny"})


@pytest.fixture(scope="module")
def opened_dcgan(dcgan):
    return OpenedLayer(dcgan, "relu_8", like=latents(4))


def latents(num):
    return np.random.default_rng(num).normal(size=(num, 8)).astype(np.float32)


def test_features_are_those_of_the_served_network(dcgan, opened_dcgan):
    images, features = opened_dcgan.read(latents(4))
    served = dcgan.served_network("generator")
    to_layer = keras.Model(served.inputs, served.get_layer("relu_8").output)
    np.testing.assert_allclose(features, to_layer(latents(4)), atol=1e-6)
    np.testing.assert_allclose(images, dcgan(latents(4)), atol=1e-6)
    assert opened_dcgan.path == "generator/relu_8"
    assert opened_dcgan.shape == features.shape[1:] == (8, 8, 4)


def test_an_edit_of_nothing_changes_no_bit(opened_dcgan):
    images, features = opened_dcgan.read(latents(4))
    nowhere = opened_dcgan.strength([0, 1], at=np.zeros((8, 8)))
    nothing = opened_dcgan.strength([])
    for strength, value in ((nowhere, 7.0), (nothing, 7.0), (0.3, features), (1.0, features)):
        np.testing.assert_array_equal(opened_dcgan.edited(latents(4), strength, value), images)
    changed = opened_dcgan.edited(latents(4), opened_dcgan.strength([0, 1, 2, 3]), 1.0)
    assert np.abs(changed - images).max() > 1e-4


def test_weights_and_the_layer_are_the_same_after_edits(dcgan, opened_dcgan):
    before = [weight.copy() for weight in dcgan.get_weights()]
    images = dcgan(latents(4)).numpy()
    opened_dcgan.edited(latents(4), 1.0, 0.0)
    for weight, again in zip(before, dcgan.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, again)
    np.testing.assert_array_equal(dcgan(latents(4)), images)
    assert "call" not in vars(find_layer(dcgan, "relu_8")[1])


def test_an_edit_reaches_its_receptive_field_only(opened_dcgan):
    images, _ = opened_dcgan.read(latents(2))
    at = np.zeros((8, 8))
    at[2, 5] = 1
    changed = opened_dcgan.edited(latents(2), opened_dcgan.strength(range(4), at), 3.0) - images
    rows, columns = np.nonzero(np.abs(changed).max(axis=(0, 3)))
    # A transposed convolution 5 x 5 of stride 2: pixels 2 * place + (-1 ... 3).
    assert set(rows) == set(range(3, 8)) and set(columns) == set(range(9, 14))


def test_units_off_before_a_linear_map_take_their_part_from_the_image():
    features = planted.blobs(3, units=4)
    weights = np.array([0.1, -0.4, 0.7, 0.3], np.float32)
    subject = planted.subject(features, weights)
    images, read = subject.opened.read(features)
    np.testing.assert_array_equal(read, features)
    changed = subject.opened.edited(features, subject.opened.strength([1, 3]))
    taken = 2 * (features[..., [1, 3]] @ weights[[1, 3]])
    np.testing.assert_allclose(images[..., 0] - changed[..., 0], taken, atol=1e-6)


def test_gradients_go_through_an_edit(opened_dcgan):
    @tf.function
    def gradient(z, strength):
        with tf.GradientTape() as tape:
            tape.watch(strength)
            images, _ = opened_dcgan.compute(z, Edit(strength, tf.constant(0.0)))
            total = tf.reduce_sum(images)
        return tape.gradient(total, strength)

    found = gradient(tf.constant(latents(2)), tf.zeros([4])).numpy()
    assert found.shape == (4,) and np.abs(found).max() > 0


def test_a_dense_layer_of_any_keras_model_opens():
    inputs = keras.Input((3,))
    hidden = keras.Sequential([keras.Input((3,)), layers.Dense(5, name="inner")], name="hidden")
    model = keras.Model(inputs, layers.Dense(2, name="last")(hidden(inputs)), name="net")
    assert set(openable_layers(model)) == {"net/hidden", "net/hidden/inner", "net/last"}
    x = np.ones((2, 3), np.float32)
    layer = OpenedLayer(model, "hidden/inner", like=x)
    outputs, features = layer.read(x)
    assert layer.shape == (5,) and features.shape == (2, 5)
    off = layer.edited(x, layer.strength(range(5)))
    np.testing.assert_allclose(off, np.zeros((2, 2)), atol=1e-6)
    np.testing.assert_allclose(outputs, model(x), atol=1e-6)


def test_a_layer_that_does_not_exist_is_refused_with_the_nearest(dcgan):
    with pytest.raises(UserInputError, match=r"no layer 'relu_9'. Did you mean 'relu_\d+'\?"):
        OpenedLayer(dcgan, "relu_9", like=latents(2))


def test_layers_that_cannot_be_opened_say_so():
    inputs = keras.Input((3,))
    shared = layers.Dense(3, name="shared")
    twice = keras.Model(inputs, shared(shared(inputs)), name="twice")
    x = np.ones((2, 3), np.float32)
    with pytest.raises(UserInputError, match="called 2 times"):
        OpenedLayer(twice, "shared", like=x)
    model = keras.Model(inputs, layers.Dense(3, name="one")(inputs))

    def row_by_row(rows):
        return tf.map_fn(lambda row: model(row[None])[0], rows)

    with pytest.raises(UserInputError, match="called in a loop"):
        OpenedLayer(model, "one", row_by_row, like=x)
    with pytest.raises(UserInputError, match="not at all"):
        OpenedLayer(twice, "shared", lambda rows: rows, like=x)


@pytest.mark.parametrize("units", [[4], [-1], [0.5], ["a"]])
def test_units_out_of_range_are_refused(opened_dcgan, units):
    with pytest.raises(UserInputError, match="has the units 0 to 3. Received"):
        opened_dcgan.strength(units)


def test_opened_yields_each_call():
    layer = layers.Dense(2)
    x = tf.ones((1, 3))
    expected = layer(x).numpy()
    with opened(layer, lambda features: features + 1) as given:
        np.testing.assert_allclose(layer(x), expected + 1)
        layer(2 * x)
    assert len(given) == 2
    np.testing.assert_allclose(given[0], expected)
    np.testing.assert_allclose(layer(x), expected)


def test_a_layer_may_be_opened_while_it_is_open():
    layer = layers.Dense(2)
    x = tf.ones((1, 3))
    expected = layer(x).numpy()
    with opened(layer, lambda features: features + 1) as outer:
        with pytest.raises(ZeroDivisionError), opened(layer, lambda features: 2 * features):
            np.testing.assert_allclose(layer(x), 2 * expected + 2)
            raise ZeroDivisionError
        np.testing.assert_allclose(layer(x), expected + 1)
    assert len(outer) == 2 and "call" not in vars(layer)
    np.testing.assert_allclose(layer(x), expected)


IMAGES = {  # models of images, and a layer of each
    "bicyclegan": "generator/translated",
    "cgan": "scaled_4",
    "cyclegan": "generator_ab/stem_convolution",
    "lapgan": "generator_10/one_hot",
    "progan": "norm_4_a",
    "simgan": "convolution_0_b",
    "stylegan": "norm_4_a",
    "text_to_image": "bottleneck_4_1",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", IMAGES)
def test_images_of_every_kind_of_model_open(name):
    model = models.build({"name": name, "preset": "tiny"})
    examples = None
    if model.draws_examples:
        rng = np.random.default_rng(0)
        fields = flat(model.batch_spec()).items()
        images_of = {field: spec.shape for field, spec in fields if spec.kind == "image"}
        examples = {
            field: rng.uniform(-1, 1, (4, *shape)).astype(np.float32)
            for field, shape in images_of.items()
        }
    images = NumberedImages(model, name, examples=examples, others=True)
    inputs = images.inputs(np.arange(3))
    layer = OpenedLayer(model, IMAGES[name], images.compute, like=inputs)
    made, features = layer.read(inputs)
    np.testing.assert_allclose(made, model.infer(images.compute, inputs), atol=1e-5)
    np.testing.assert_array_equal(layer.edited(inputs, 1.0, features), made)
    assert not np.allclose(layer.edited(inputs, 1.0, 0.5), made, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", models.names())
def test_every_editable_network_opens(name):
    model = models.build({"name": name, "preset": "tiny"})
    assert model.editable_networks()
    for network in model.editable_networks().values():
        inputs = [
            np.ones([2, *(side or 16 for side in tensor.shape[1:])], tensor.dtype)
            for tensor in network.inputs
        ]
        inputs = inputs[0] if len(inputs) == 1 else inputs
        paths = [path for path, part in openable_layers(network).items() if part.weights]
        layer = OpenedLayer(network, paths[0], like=inputs)
        given, features = layer.read(inputs)
        again = layer.edited(inputs, 1.0, features)
        for first, second in zip(tf.nest.flatten(given), tf.nest.flatten(again), strict=True):
            np.testing.assert_array_equal(first, second)
