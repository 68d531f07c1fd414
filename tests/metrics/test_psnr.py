import numpy as np
import pytest

from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import psnr


def test_known_values_for_each_image():
    references = np.zeros((3, 4, 4, 1))
    images = references + np.array([0.2, 2.0, 0.0]).reshape(3, 1, 1, 1)
    np.testing.assert_allclose(psnr(images, references), [20.0, 0.0, np.inf])


def test_the_range_counts():
    np.testing.assert_allclose(psnr([[0.1]], [[0.0]], data_range=1.0), [20.0])


def test_other_shapes_are_refused():
    with pytest.raises(UserInputError, match=r"\(1, 4\) and \(4,\)"):
        psnr(np.zeros((1, 4)), np.zeros(4))
