import keras
import numpy as np
import pytest
from PIL import Image

from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import ImageFeatures, to_uint8


def pixels(height, width, channels=3):
    network = keras.Sequential([keras.Input((height, width, channels)), keras.layers.Flatten()])
    return ImageFeatures("pixels", network)


def test_resizing_is_antialiased():
    """Stripes 0, 1, 1, 0 reduced by 4 are grey; without antialiasing they would be white."""
    stripes = np.tile(np.array([0, 255, 255, 0], np.uint8), 16)
    images = np.broadcast_to(stripes[:, None, None], (1, 64, 64, 1))
    features = pixels(16, 16, 1)(images).reshape(16, 16)
    np.testing.assert_allclose(features[2:-2], 0.0, atol=1e-5)


@pytest.mark.parametrize("size", [12, 50])
def test_resizing_is_pillows_bicubic_up_to_its_rounding(size):
    # Far from black and white: Pillow clips what overshoots after each of its two passes.
    image = np.random.default_rng(0).integers(90, 160, (32, 32, 3), np.uint8)
    features = pixels(size, size)(image[None]).reshape(size, size, 3)
    expected = np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC))
    np.testing.assert_allclose((features + 1) * 127.5, expected, atol=1.01)


def test_maps_are_averaged_over_their_places():
    network = keras.Sequential([keras.Input((None, None, 3)), keras.layers.AveragePooling2D(2)])
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 6, 3), np.uint8)
    features = ImageFeatures("means", network)(images)
    np.testing.assert_allclose(features, images.mean(axis=(1, 2)) / 127.5 - 1, atol=1e-6)


def test_grey_images_become_three_equal_channels():
    grey = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 1), np.uint8)
    np.testing.assert_array_equal(pixels(4, 4)(grey), pixels(4, 4)(np.repeat(grey, 3, axis=-1)))


def test_images_that_were_not_rounded_are_refused():
    with pytest.raises(UserInputError, match=r"uint8.*float32 \[1, 4, 4, 3\].*to_uint8"):
        pixels(4, 4)(np.zeros((1, 4, 4, 3), np.float32))
    with pytest.raises(UserInputError, match="'pixels' takes images of 3 channels.*2"):
        pixels(4, 4)(np.zeros((1, 4, 4, 2), np.uint8))


def test_rounding_is_to_the_nearest_level():
    levels = np.arange(256)
    np.testing.assert_array_equal(to_uint8(levels / 127.5 - 1.0), levels)
    np.testing.assert_array_equal(to_uint8([-7.0, 7.0]), [0, 255])
