"""The protocol of papers on super-resolution."""

import numpy as np
import pytest

from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import luma, luma_psnr, luma_ssim, psnr

RNG = np.random.default_rng(0)


def noise(num=2, side=24, channels=3):
    return RNG.integers(0, 256, (num, side, side, channels), np.uint8)


def test_luma_has_the_studio_range():
    white, black = np.full((1, 3), 255, np.uint8), np.zeros((1, 3), np.uint8)
    np.testing.assert_allclose(luma(white), [235.0], atol=1e-9)
    np.testing.assert_allclose(luma(black), [16.0])
    primaries = luma(np.eye(3, dtype=np.uint8) * 255) - 16
    np.testing.assert_allclose(primaries, [65.481, 128.553, 24.966])
    np.testing.assert_allclose(luma(np.uint8([[7]])), luma(np.uint8([[7, 7, 7]])))


def test_an_offset_of_ten_grey_levels():
    """28.13 dB of grey levels; luma has 219 levels where RGB has 255."""
    grey = RNG.integers(0, 245, (1, 20, 20, 3), np.uint8)
    assert psnr(grey + 10.0, grey, data_range=255.0)[0] == pytest.approx(28.13, abs=5e-3)
    expected = 20 * np.log10(255 / (10 * 219 / 255))
    assert luma_psnr(grey + np.uint8(10), grey)[0] == pytest.approx(expected, abs=1e-6)


def test_equal_images():
    images = noise()
    np.testing.assert_array_equal(luma_psnr(images, images), [np.inf, np.inf])
    np.testing.assert_allclose(luma_ssim(images, images), [1, 1], atol=1e-6)


def test_ssim_is_what_its_formula_says():
    """One window: 19 pixels less two borders of 4."""
    first, second = noise(1, 19), noise(1, 19)
    at = np.arange(11) - 5
    window = np.exp(-(at**2) / (2 * 1.5**2))
    window = np.outer(window, window) / window.sum() ** 2
    x, y = (luma(image)[0, 4:-4, 4:-4] for image in (first, second))
    mean_x, mean_y = (np.sum(window * z) for z in (x, y))
    cov = [
        np.sum(window * a * b) - np.sum(window * a) * np.sum(window * b)
        for a, b in ((x, x), (y, y), (x, y))
    ]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    expected = (2 * mean_x * mean_y + c1) * (2 * cov[2] + c2)
    expected /= (mean_x**2 + mean_y**2 + c1) * (cov[0] + cov[1] + c2)
    assert luma_ssim(first, second)[0] == pytest.approx(expected, abs=1e-4)


def test_the_border_does_not_count():
    images = noise()
    framed = images.copy()
    framed[:, :4] = framed[:, -4:] = framed[:, :, :4] = framed[:, :, -4:] = 0
    np.testing.assert_array_equal(luma_psnr(framed, images), [np.inf, np.inf])
    framed[:, 4, 4] ^= 255
    assert np.isfinite(luma_psnr(framed, images)).all()
    assert np.isfinite(luma_psnr(images, 255 - images, border=0)).all()


@pytest.mark.parametrize(
    "images, references, words",
    [
        (noise(), noise(1), "one shape"),
        (noise(side=18), noise(side=18), "at least 19"),
        (noise().astype("float32"), noise().astype("float32"), "to_uint8"),
        (noise(channels=2), noise(channels=2), "1 or 3 channels"),
    ],
)
def test_what_does_not_fit_is_refused(images, references, words):
    with pytest.raises(UserInputError, match=words):
        luma_ssim(images, references)
