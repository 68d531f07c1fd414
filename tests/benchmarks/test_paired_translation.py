"""What benchmarks.paired_translation says of answers that are known."""

import numpy as np

from benchmarks.pair_figures import figures


def test_figures_of_known_answers():
    truth = np.zeros((40, 4, 4, 3), np.float32)
    answers = truth + 0.2

    def distance(first, second):
        return np.abs(first - second).max(axis=(1, 2, 3))

    found = figures(answers, answers + 0.1, truth, distance)
    for name, expected in {
        "l1": 0.2,
        "psnr": 20.0,
        "squeezenet_distance": 0.2,
        "diversity_squeezenet_distance": 0.1,
    }.items():
        np.testing.assert_allclose(found[name], np.full(40, expected), rtol=1e-5)
    assert "diversity_squeezenet_distance" not in figures(answers, None, truth, distance)
