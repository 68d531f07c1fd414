import keras
import numpy as np
import pytest

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import Maxout, ReflectionPadding2D


@pytest.mark.parametrize(
    ("padding", "pairs"),
    [(2, ((2, 2), (2, 2))), ((1, 3), ((1, 1), (3, 3))), (((0, 1), (2, 3)), ((0, 1), (2, 3)))],
)
def test_reflection_equals_numpy(padding, pairs):
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype("float32")
    expected = np.pad(x, ((0, 0), *pairs, (0, 0)), mode="reflect")
    layer = ReflectionPadding2D(padding)
    np.testing.assert_array_equal(layer(x), expected)
    assert layer.compute_output_shape((None, 4, 5, 3)) == (None, *expected.shape[1:])
    assert layer.compute_output_shape((None, None, 5, 3))[1] is None


@pytest.mark.parametrize("shape", [(1, 3, 8, 1), (1, 8, 3, 1)])
def test_image_too_small_to_reflect(shape):
    with pytest.raises(UserInputError, match="received (height|width) 3"):
        ReflectionPadding2D(3)(np.zeros(shape, "float32"))
    with pytest.raises(UserInputError, match="received (height|width) 3"):
        ReflectionPadding2D(3)(keras.Input(shape[1:]))


@pytest.mark.parametrize("padding", [-1, (1, 2, 3), "same", ((1, 2), (3,)), 1.5, None])
def test_padding_of_another_form(padding):
    with pytest.raises(UserInputError, match="`padding` must be"):
        ReflectionPadding2D(padding)


def test_maxout_equals_numpy():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 3, 7)).astype("float32")
    layer = Maxout(units=4, pieces=5)
    layer.build(x.shape)
    kernel, bias = rng.normal(size=(7, 20)), rng.normal(size=20)
    layer.set_weights([kernel, bias])
    expected = np.empty((6, 3, 4))
    for unit in range(4):
        pieces = [x @ kernel[:, 5 * unit + p] + bias[5 * unit + p] for p in range(5)]
        expected[..., unit] = np.max(pieces, axis=0)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-5)
    assert layer.compute_output_shape(x.shape) == (6, 3, 4)


@pytest.mark.parametrize(("units", "pieces"), [(0, 2), (2, 0)])
def test_maxout_without_units_or_pieces(units, pieces):
    with pytest.raises(UserInputError, match="at least 1"):
        Maxout(units, pieces)
