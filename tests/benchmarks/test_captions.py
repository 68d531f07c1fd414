"""What benchmarks.captions reads off images is what they show."""

import numpy as np
import pytest

from benchmarks import caption_rules
from tfgan_suite.data import open_source


@pytest.fixture(scope="module")
def real():
    return open_source({"source": "shapes", "size": 32, "num_examples": 400}).numpy(np.arange(400))


def test_the_rule_reads_colour_and_place_of_real_images(real):
    texts = [caption.decode() for caption in real["caption"]]
    found = caption_rules.rates(real["image"] / 127.5 - 1, texts)
    assert found["colour_by_rule"] > 0.95
    assert found["place_by_rule"] > 0.9
    wrong = caption_rules.rates(np.roll(real["image"], 1, axis=0) / 127.5 - 1, texts)
    assert wrong["colour_by_rule"] < 0.35
    assert wrong["place_by_rule"] < 0.3


def test_shapes_are_those_of_similar_images(real):
    images = real["image"] / 127.5 - 1
    texts = [caption.decode() for caption in real["caption"]]
    reader = caption_rules.ShapeReader(images, real["label"])
    assert caption_rules.rates(images, texts, read_shape=reader)["shape_by_neighbour"] == 1
    # Of half as many known images, other ones: far above one of eight.
    reader = caption_rules.ShapeReader(images[:200], real["label"][:200])
    found = caption_rules.rates(images[200:], texts[200:], read_shape=reader)
    assert found["shape_by_neighbour"] > 0.5
    assert found["shape_by_neighbour"] * 0.8 < found["all_three"] <= found["shape_by_neighbour"]


def test_an_empty_sky_has_no_shape():
    assert caption_rules.colour_and_place(np.zeros((8, 8, 3))) == (None, None)


def test_captions_come_apart_and_together(real):
    every = caption_rules.every_caption()
    assert len(set(every)) == 2 * 8 * 4 * 8 * 9
    assert {caption.decode() for caption in real["caption"]} <= set(every)
    for caption in every[::97]:
        assert caption_rules.caption_of(caption_rules.parts_of(caption)) == caption
        other = caption_rules.with_other_colour(caption, np.random.default_rng(0))
        a, b = caption_rules.parts_of(caption), caption_rules.parts_of(other)
        assert [name for name in a if a[name] != b[name]] == ["colour"]
