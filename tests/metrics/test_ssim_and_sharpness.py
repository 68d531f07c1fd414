import numpy as np
import pytest

from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import sharpness, ssim

IMAGES = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 1))


def blurred(images):
    padded = np.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)], "edge")
    parts = [padded[:, i : i + 16, j : j + 16] for i in range(3) for j in range(3)]
    return np.mean(parts, axis=0)


def test_similarity_of_known_images():
    np.testing.assert_allclose(ssim(IMAGES, IMAGES), [1, 1])
    # Constant images: nothing varies, so that the means alone count, with C1 = 0.01 ** 2.
    grey, white = np.zeros((1, 11, 11, 3)), np.ones((1, 11, 11, 3))
    expected = (2 * 0.5 * 1 + 1e-4) / (0.25 + 1 + 1e-4)
    np.testing.assert_allclose(ssim(grey, white), [expected])


def test_similarity_is_that_of_the_formula_within_one_window():
    one, other = (x[:, :11, :11] / 2 + 0.5 for x in (IMAGES[:1], blurred(IMAGES[:1])))
    offsets = np.arange(11) - 5
    line = np.exp(-(offsets**2) / (2 * 1.5**2))
    window = np.outer(line, line)[None, :, :, None] / line.sum() ** 2
    means = [(window * x).sum() for x in (one, other)]
    variances = [(window * x**2).sum() - m**2 for x, m in zip((one, other), means, strict=True)]
    covariance = (window * one * other).sum() - means[0] * means[1]
    expected = (2 * means[0] * means[1] + 1e-4) * (2 * covariance + 9e-4)
    expected /= (means[0] ** 2 + means[1] ** 2 + 1e-4) * (sum(variances) + 9e-4)
    np.testing.assert_allclose(ssim(one, other, low=0.0), [expected])


def test_sharpness_beside_itself_is_infinite_and_beside_its_blurred_form_is_not():
    assert np.isposinf(sharpness(IMAGES, IMAGES)).all()
    found, milder = sharpness(blurred(IMAGES), IMAGES), sharpness(0.9 * IMAGES, IMAGES)
    assert np.isfinite(found).all() and (found < milder).all()


def test_sharpness_of_one_edge():
    truth, made = np.zeros((1, 3, 5, 1)), np.zeros((1, 3, 5, 1))
    truth[:, :, 2:] = 0.5  # one of four places in a row has an edge of 0.5: the mean is 0.125
    np.testing.assert_allclose(sharpness(made, truth), [10 * np.log10(4 / 0.125)])
    np.testing.assert_allclose(sharpness(made, truth, data_range=1.0), [10 * np.log10(8)])


@pytest.mark.parametrize("metric", [ssim, sharpness])
def test_other_shapes_are_refused(metric):
    with pytest.raises(UserInputError, match=r"\(2, 16, 16, 1\) and \(1, 16, 16, 1\)"):
        metric(IMAGES, IMAGES[:1])


def test_images_smaller_than_a_window_are_refused():
    with pytest.raises(UserInputError, match="11 x 11 pixels at least"):
        ssim(IMAGES[:, :10], IMAGES[:, :10])
