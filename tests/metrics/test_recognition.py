import dataclasses

import numpy as np
import pytest

from tfgan_suite import hashing
from tfgan_suite.data import shapes
from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import recognised

NIGHT = shapes.STYLES["night"]
SCENES = shapes.draw_scenes(hashing.key(3), np.arange(24))


def paint(**changes):
    images = shapes.render(dataclasses.replace(SCENES, **changes), NIGHT, 32)
    return images.astype("float32") / 127.5 - 1


TRUTH, MASKS = paint(), shapes.part_masks(SCENES, 32)[..., 0] > 0
OTHER_TEXTURES = [paint(texture=(SCENES.texture + i) % 4) for i in (1, 2, 3)]
OTHER_COLOURS = [paint(colour=(SCENES.colour + i) % 8) for i in range(1, 8)]
ALTERNATIVES = np.stack(OTHER_TEXTURES + OTHER_COLOURS, axis=1)


def share_of(images):
    return recognised(images, TRUTH, ALTERNATIVES, MASKS).mean()


def test_the_truth_passes_and_so_does_a_slightly_noisy_one():
    noise = np.random.default_rng(0).normal(0, 0.03, TRUTH.shape)
    assert share_of(TRUTH) == share_of(TRUTH + noise) == 1.0


@pytest.mark.parametrize("images", OTHER_TEXTURES + OTHER_COLOURS)
def test_no_image_of_another_texture_or_colour_passes(images):
    assert share_of(images) == 0.0


def test_half_of_another_texture_or_colour_fails():
    assert share_of((TRUTH + OTHER_TEXTURES[0]) / 2) == 0.0
    assert share_of((TRUTH + OTHER_COLOURS[0]) / 2) == 0.0


def test_only_the_mask_counts():
    images = np.where(MASKS[..., None], TRUTH, 1.0)
    assert share_of(images) == 1.0


def test_the_rule_on_known_distances():
    reference, alternatives, mask = [[[[0.0]]]], [[[[[3.0]]]]], [[[True]]]
    for value, passes in ((0.9, True), (1.1, False), (-2.9, True), (-3.1, False)):
        assert recognised([[[[value]]]], reference, alternatives, mask, 0.5) == passes


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(UserInputError, match="Received: .*24, 32, 32, 3"):
        recognised(TRUTH, TRUTH, TRUTH, MASKS)
    with pytest.raises(UserInputError, match="hold a pixel"):
        recognised(TRUTH, TRUTH, ALTERNATIVES, np.zeros_like(MASKS))
    with pytest.raises(UserInputError, match="between 0 and 1"):
        recognised(TRUTH, TRUTH, ALTERNATIVES, MASKS, ratio=1.1)
