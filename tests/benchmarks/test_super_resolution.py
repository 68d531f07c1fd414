"""What benchmarks.super_resolution says of enlargements that are known."""

import numpy as np

from benchmarks import enlarging


def distance(first, second):
    return np.abs(first - second).max(axis=(1, 2, 3))


def test_figures_of_known_images():
    truth = np.random.default_rng(0).uniform(-0.5, 0.5, (3, 24, 24, 3)).astype(np.float32)
    found = enlarging.figures(truth, truth, distance)
    assert set(found) == {"y_psnr", "y_ssim", "squeezenet_distance", "sharpness"}
    np.testing.assert_array_equal(found["y_psnr"], np.full(3, np.inf))
    np.testing.assert_allclose(found["y_ssim"], np.ones(3), atol=1e-5)
    np.testing.assert_array_equal(found["squeezenet_distance"], np.zeros(3))
    other = enlarging.figures(np.clip(truth + 0.2, -1, 1), truth, distance)
    assert (other["squeezenet_distance"] > 0.19).all() and (other["y_psnr"] < 25).all()


def test_enlargements():
    small = np.arange(8, dtype=np.float32).reshape(1, 2, 4, 1) / 8
    large = enlarging.nearest(small, 3)
    assert large.shape == (1, 6, 12, 1)
    np.testing.assert_array_equal(large[0, ::3, ::3], small[0])
    np.testing.assert_array_equal(large[0, 2::3, 2::3], small[0])
    even = np.full((1, 5, 5, 3), 0.25, np.float32)
    np.testing.assert_allclose(enlarging.bicubic(even, 4), np.full((1, 20, 20, 3), 0.25), atol=1e-6)


def test_sharpness_is_the_mean_step_between_neighbours():
    rows = np.zeros((1, 4, 4, 3), np.float32)
    rows[:, ::2] = 1
    np.testing.assert_allclose(enlarging.sharpness(rows), [127.5 / 2])
