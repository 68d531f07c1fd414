"""VGG19 sees what keras.applications sees."""

import keras
import numpy as np
import pytest

from tfgan_suite.errors import UserInputError
from tfgan_suite.networks import vgg19


def test_features_are_those_of_keras_applications(tmp_path):
    """With its file of weights, on images of this package: their range and order are converted."""
    theirs = keras.applications.VGG19(include_top=False, weights=None)
    theirs.save_weights(tmp_path / "notop.weights.h5")
    levels = np.random.default_rng(0).integers(0, 256, (2, 32, 24, 3)).astype("float32")
    prepared = keras.applications.vgg19.preprocess_input(levels.copy())
    for layer, shape in (("block1_conv2", (2, 32, 24, 64)), ("block3_conv1", (2, 8, 6, 256))):
        expected = keras.Model(theirs.inputs, theirs.get_layer(layer).output)(prepared)
        found = vgg19(tmp_path / "notop.weights.h5", layer)(levels / 127.5 - 1)
        assert found.shape == shape
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_features_in_front_of_the_relu():
    x = np.random.default_rng(0).uniform(-1, 1, (1, 16, 16, 3)).astype("float32")
    linear, activated = (vgg19(output="block1_conv2", activated=a) for a in (False, True))
    activated.set_weights(linear.get_weights())
    assert np.min(linear(x)) < 0
    np.testing.assert_array_equal(np.maximum(linear(x), 0), activated(x))


def test_wrong_layers_and_files_are_refused(tmp_path):
    with pytest.raises(UserInputError, match="block5_conv5.*Did you mean 'block5_conv4'"):
        vgg19(output="block5_conv5")
    with pytest.raises(UserInputError, match=r"(?s)nowhere.h5.*cannot be loaded.*notop.h5"):
        vgg19(tmp_path / "nowhere.h5", "block1_conv1")
