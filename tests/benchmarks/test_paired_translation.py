"""What benchmarks.paired_translation says of answers that are known."""

import numpy as np

from benchmarks.pair_figures import colour_correlation, figures, fill_colours
from tfgan_suite.data import shapes


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


def test_colours_of_fills_and_what_latents_say_of_them():
    scenes = shapes.draw_scenes(3, np.arange(200))
    masks = shapes.part_masks(scenes, 32)
    chosen = (masks == shapes.BODY).any(axis=(1, 2, 3))
    images = shapes.render(scenes, shapes.STYLES["day"], 32)[chosen] / 255
    colours = fill_colours(images, masks[chosen])
    names = list(shapes.COLOURS)
    true = 0.92 * np.array([shapes.COLOURS[names[i]][0] for i in scenes.colour[chosen]])
    assert np.abs(colours - true).mean() < 0.08  # edges take some of the background
    rng = np.random.default_rng(0)
    mixed = colours @ rng.normal(size=(3, 4))
    assert colour_correlation(mixed, colours) > 0.999
    assert colour_correlation(rng.normal(size=(len(colours), 4)), colours) < 0.3
