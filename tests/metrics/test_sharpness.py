import numpy as np
import pytest

from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import sharpness

IMAGES = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 1))


def blurred(images):
    padded = np.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)], "edge")
    parts = [padded[:, i : i + 16, j : j + 16] for i in range(3) for j in range(3)]
    return np.mean(parts, axis=0)


def test_sharpness_beside_itself_is_infinite_and_beside_its_blurred_form_is_not():
    assert np.isposinf(sharpness(IMAGES, IMAGES)).all()
    found, milder = sharpness(blurred(IMAGES), IMAGES), sharpness(0.9 * IMAGES, IMAGES)
    assert np.isfinite(found).all() and (found < milder).all()


def test_sharpness_of_one_edge():
    truth, made = np.zeros((1, 3, 5, 1)), np.zeros((1, 3, 5, 1))
    truth[:, :, 2:] = 0.5  # one of four places in a row has an edge of 0.5: the mean is 0.125
    np.testing.assert_allclose(sharpness(made, truth), [10 * np.log10(4 / 0.125)])
    np.testing.assert_allclose(sharpness(made, truth, data_range=1.0), [10 * np.log10(8)])


def test_other_shapes_are_refused():
    with pytest.raises(UserInputError, match=r"\(2, 16, 16, 1\) and \(1, 16, 16, 1\)"):
        sharpness(IMAGES, IMAGES[:1])
