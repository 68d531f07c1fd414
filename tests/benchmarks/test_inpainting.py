"""What benchmarks.inpainting says of fillings that are known."""

import numpy as np

from benchmarks import hole_figures

HOLE = np.zeros((10, 12), bool)
HOLE[3:7, 4:9] = True


def ramp(num=3):
    rows = np.linspace(-0.9, 0.9, 10, dtype=np.float32)[None, :, None, None]
    return np.broadcast_to(rows, (num, 10, 12, 3)).copy()


def test_figures_are_those_of_the_hole_alone():
    truth = ramp()
    filled = np.where(HOLE[None, ..., None], truth + 0.2, -truth)
    found = hole_figures.figures(filled, truth, HOLE)
    np.testing.assert_allclose(found["hole_l1"], np.full(3, 0.2), rtol=1e-5)
    np.testing.assert_allclose(found["hole_psnr"], np.full(3, 20), rtol=1e-5)
    np.testing.assert_allclose(found["hole_sharpness"], np.full(3, 0.2 * 127.5 / 2), rtol=1e-5)


def test_fillings_look_at_nothing_in_the_hole():
    truth = ramp()
    given = np.where(HOLE[None, ..., None], np.float32(1), truth)
    np.testing.assert_allclose(hole_figures.smoothest(given, HOLE), truth, atol=1e-5)
    mean = hole_figures.mean_of_border(given, HOLE)
    np.testing.assert_allclose(mean[:, HOLE], np.zeros((3, 20, 3)), atol=1e-6)
    np.testing.assert_array_equal(mean[:, ~HOLE], truth[:, ~HOLE])
    colours = np.zeros((1, 10, 12, 1), np.float32)
    colours[0, 2], colours[0, 7] = 0.9, 0.9  # 10 of the 18 pixels next to the hole
    np.testing.assert_allclose(hole_figures.mean_of_border(colours, HOLE)[:, HOLE], 0.5, rtol=1e-5)
