"""What benchmarks.next_frames says of predictions that are known."""

import numpy as np
import pytest

from benchmarks.frame_figures import FIGURES, MOST_DB, copy_last, figures, linear_extrapolation


def ramp(num_frames, step=0.1, first=-0.5):
    """Clips of 16 x 16 whose grey grows evenly from frame to frame."""
    values = first + step * np.arange(num_frames)
    return np.tile(values.reshape(1, -1, 1, 1, 1), (3, 1, 16, 16, 1))


def test_predictions_without_a_network():
    clips = ramp(6)
    np.testing.assert_array_equal(copy_last(clips[:, :4], 2), clips[:, [3, 3]])
    np.testing.assert_allclose(linear_extrapolation(clips[:, :4], 2), clips[:, 4:], atol=1e-9)
    bright = ramp(4, step=0.4)
    np.testing.assert_allclose(linear_extrapolation(bright, 2).max(axis=(0, 2, 3, 4)), [1, 1])


def test_figures_are_those_of_each_frame():
    clips = ramp(6)
    found = figures(copy_last(clips[:, :4], 2), clips[:, 4:], FIGURES)
    # 0.1 and 0.2 of a range of 2; nothing has edges, so that no difference is unlike the truth's
    expected = {"psnr": [26.0206, 20.0], "sharpness": [MOST_DB, MOST_DB], "brightest": [0.4, 0.4]}
    for name, values in expected.items():
        for time, value in enumerate(values):
            np.testing.assert_allclose(found[name][time], np.full(3, value), rtol=1e-5)
    assert (found["ssim"][1] < found["ssim"][0]).all() and (found["ssim"][0] < 1).all()


def test_the_mean_of_psnr_is_not_that_of_the_mean_error():
    truth = np.zeros((2, 1, 16, 16, 3))
    predicted = truth + np.array([0.2, 0.02]).reshape(2, 1, 1, 1, 1)
    assert figures(predicted, truth, ["psnr"])["psnr"][0].mean() == pytest.approx(30.0)


def test_an_exact_prediction_counts_what_the_authors_say():
    truth = ramp(1)
    found = figures(truth, truth, ["psnr", "ssim"])
    np.testing.assert_allclose(found["psnr"][0], MOST_DB)
    np.testing.assert_allclose(found["ssim"][0], 1.0, atol=1e-6)
