"""Patterns whose style is known."""

import numpy as np
import pytest

from tfgan_suite.data import open_source, textures
from tfgan_suite.data.opening import open_sources
from tfgan_suite.errors import UserInputError


def test_the_style_is_that_of_the_pattern():
    """Stripes are alike along a line, checks along none, and rings around their centre."""
    images, styles = textures.textures(np.arange(400), 32, channels=1)
    assert set(styles) == set(range(len(textures.STYLES)))
    grey = images[..., 0].astype(float)
    centred = grey - grey.mean(axis=(1, 2), keepdims=True)
    spectra = np.sort(np.abs(np.fft.fft2(centred)).reshape(400, -1) ** 2, axis=1)[:, ::-1]
    # How much of the energy the two strongest waves hold, one and its mirror image.
    strongest = spectra[:, :2].sum(axis=1) / spectra.sum(axis=1)
    found = {name: strongest[styles == i].mean() for i, name in enumerate(textures.STYLES)}
    assert found["stripes"] > 1.5 * max(v for name, v in found.items() if name != "stripes")


def test_a_pattern_is_a_function_of_key_and_index():
    images, styles = textures.textures(np.arange(50), 16)
    again, same = textures.textures(np.array([7, 3]), 16)
    np.testing.assert_array_equal(again, images[[7, 3]])
    np.testing.assert_array_equal(same, styles[[7, 3]])
    assert np.any(textures.textures(np.arange(50), 16, key=1)[1] != styles)


def test_the_source_has_labels_and_other_patterns_held_out():
    config = {"source": "textures", "size": 16, "num_examples": 30, "num_test": 20}
    train, test = (open_source(config, split) for split in ("train", "test"))
    assert (train.num_examples, test.num_examples, train.num_classes) == (30, 20, 5)
    known, others = (source.numpy(np.arange(20))["image"] for source in (train, test))
    assert known.shape == (20, 16, 16, 3)
    assert not any(np.array_equal(a, b) for a in known for b in others)
    with pytest.raises(UserInputError, match="no two domains"):
        open_sources(config, "unpaired", "train")
    with pytest.raises(UserInputError, match="size"):
        open_source({**config, "size": 4})
