import keras
import numpy as np
import pytest

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import OneHot, SpectralNormalization


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (keras.layers.Dense(4), np.ones((2, 8), "float32")),
        (keras.layers.Conv2D(4, 3), np.ones((2, 8, 8, 3), "float32")),
        (keras.layers.Embedding(5, 4), np.arange(2)),
    ],
)
def test_the_weight_is_divided_by_its_largest_singular_value(layer, inputs):
    wrapped = SpectralNormalization(layer, power_iterations=200)
    wrapped(inputs, training=True)
    weight = wrapped._weight.numpy()
    norm = np.linalg.norm(weight.reshape(-1, weight.shape[-1]), 2)
    wrapped._weight.assign(weight / norm)
    expected = layer(inputs)
    wrapped._weight.assign(weight)
    np.testing.assert_allclose(wrapped(inputs), expected, rtol=1e-4)


def test_inference_moves_nothing():
    layer = SpectralNormalization(keras.layers.Dense(4))
    x = np.ones((2, 8), "float32")
    layer(x)
    before = layer.u.numpy()
    layer(x, training=False)
    np.testing.assert_array_equal(before, layer.u.numpy())
    layer(x, training=True)
    assert not np.array_equal(before, layer.u.numpy())


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Conv2DTranspose(4, 3),
        keras.layers.DepthwiseConv2D(3),
        keras.layers.Conv2D(6, 3, groups=3),
        keras.layers.ReLU(),
    ],
)
def test_other_layers_are_refused(layer):
    with pytest.raises(UserInputError, match="SpectralNormalization"):
        SpectralNormalization(layer)(np.ones((2, 8, 8, 3), "float32"))


def test_a_saved_layer_gives_the_same(tmp_path):
    model = keras.Sequential([keras.Input((8,)), SpectralNormalization(keras.layers.Dense(4))])
    x = np.ones((2, 8), "float32")
    model(x, training=True)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x), keras.models.load_model(tmp_path / "model.keras")(x))


def test_classes_become_vectors():
    np.testing.assert_array_equal(OneHot(3)(np.array([0, 2, 5])), [[1, 0, 0], [0, 0, 1], [0, 0, 0]])
