"""What benchmarks.inpainting says of fillings that are known."""

import numpy as np

from benchmarks import hole_figures

HOLE = np.zeros((10, 12), bool)
HOLE[3:7, 4:9] = True
HOLES = np.repeat(HOLE[None], 3, axis=0)


def ramp(num=3):
    rows = np.linspace(-0.9, 0.9, 10, dtype=np.float32)[None, :, None, None]
    return np.broadcast_to(rows, (num, 10, 12, 3)).copy()


def test_figures_are_those_of_the_hole_alone():
    truth = ramp()
    filled = np.where(HOLE[None, ..., None], truth + 0.2, -truth)
    found = hole_figures.figures(filled, truth, HOLES)
    np.testing.assert_allclose(found["hole_l1"], np.full(3, 0.2), rtol=1e-5)
    np.testing.assert_allclose(found["hole_psnr"], np.full(3, 20), rtol=1e-5)
    np.testing.assert_allclose(found["hole_sharpness"], np.full(3, 0.2 * 127.5 / 2), rtol=1e-5)


def test_fillings_look_at_nothing_in_the_hole():
    truth = ramp()
    given = np.where(HOLE[None, ..., None], np.float32(1), truth)
    np.testing.assert_allclose(hole_figures.smoothest(given, HOLES), truth, atol=1e-5)
    mean = hole_figures.mean_of_border(given, HOLES)
    np.testing.assert_allclose(mean[:, HOLE], np.zeros((3, 20, 3)), atol=1e-6)
    np.testing.assert_array_equal(mean[:, ~HOLE], truth[:, ~HOLE])
    colours = np.zeros((1, 10, 12, 1), np.float32)
    colours[0, 2], colours[0, 7] = 0.9, 0.9  # 10 of the 18 pixels next to the hole
    filled = hole_figures.mean_of_border(colours, HOLES[:1])
    np.testing.assert_allclose(filled[:, HOLE], 0.5, rtol=1e-5)


def test_holes_may_be_of_any_shape_and_differ():
    truth = ramp(2)
    holes = np.zeros((2, 10, 12), bool)
    holes[0, 2:4, 2:4] = holes[0, 2:3, 2:6] = True  # neighbours: 2 pairs down, 4 beside
    holes[1, 5:9, 1:3] = True
    step = 1.8 / 9
    np.testing.assert_allclose(hole_figures.sharpness(truth, holes), step * 127.5 / 2, rtol=1e-5)
    filled = np.where(holes[..., None], truth + np.array([0.1, 0.2])[:, None, None, None], 1)
    found = hole_figures.figures(filled, truth, holes)
    np.testing.assert_allclose(found["hole_l1"], [0.1, 0.2], rtol=1e-5)
    np.testing.assert_allclose(found["hole_psnr"], [20 + 20 * np.log10(2), 20], rtol=1e-5)
    given = np.where(holes[..., None], np.float32(1), truth)
    np.testing.assert_allclose(hole_figures.smoothest(given, holes), truth, atol=1e-5)
