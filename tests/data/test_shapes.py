import dataclasses

import numpy as np
import pytest

from tfgan_suite.data import heldout_pairs, open_source, shapes
from tfgan_suite.data.opening import open_sources
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Clip

CONFIG = {"source": "shapes", "size": 48, "num_examples": 300, "num_test": 50}


@pytest.fixture(scope="module")
def batch():
    return open_source(CONFIG).numpy(np.arange(300))


def _psnr(first, second, peak):
    error = (first.astype(np.float64) - second.astype(np.float64)) ** 2
    return 10 * np.log10(peak**2 / error.mean(axis=(1, 2, 3)))


def test_two_renderings_are_equal(batch):
    again = open_source(CONFIG).numpy(np.arange(300))
    for name in ("image", "label", "caption", "mask"):
        np.testing.assert_array_equal(batch[name], again[name])


def test_another_seed_gives_other_scenes(batch):
    other = open_source({**CONFIG, "seed": 1}).numpy(np.arange(300))
    assert (batch["caption"] == other["caption"]).mean() < 0.05


@pytest.mark.parametrize("label", ["colour", "texture", "size"])
def test_the_label_may_be_another_attribute(batch, label):
    source = open_source({**CONFIG, "label": label})
    words = shapes.LABELS[label]
    assert source.num_classes == len(words)
    found = source.numpy(np.arange(300))
    for caption, index in zip(batch["caption"], found["label"], strict=True):
        assert words[index] in caption.decode()
    assert set(found["label"]) == set(range(len(words)))


def test_a_longer_collection_begins_with_the_shorter(batch):
    longer = open_source({**CONFIG, "num_examples": 400}).numpy(np.arange(300))
    np.testing.assert_array_equal(batch["image"], longer["image"])


def test_lazy_rendering_equals_the_cached(batch):
    lazy = open_source({**CONFIG, "cache_gib": 0}).numpy([7, 250, 7])
    for name, values in lazy.items():
        np.testing.assert_array_equal(values, batch[name][[7, 250, 7]])


def test_everything_occurs(batch):
    words = {word for caption in batch["caption"] for word in caption.decode().split()}
    assert words >= {*shapes.SHAPES, *shapes.TEXTURES, *shapes.SIZES, *shapes.COLOURS}
    assert {tuple(c.decode().split()[5:]) for c in batch["caption"]} == {
        tuple(place.split()) for row in shapes.PLACES for place in row
    }


def test_label_and_caption_agree(batch):
    for label, caption in zip(batch["label"], batch["caption"], strict=True):
        assert caption.decode().split()[4] == shapes.SHAPES[label]


def test_colour_under_the_mask_is_the_caption_s(batch):
    names = list(shapes.COLOURS)
    hues = np.array([rgb for rgb, _ in shapes.COLOURS.values()])
    for image, mask, caption in zip(batch["image"], batch["mask"], batch["caption"], strict=True):
        # The body alone, so that the light marks of a texture do not count; the median, so that
        # the blended pixels of edges do not.
        colour = np.median(image[mask[..., 0] == shapes.BODY], axis=0) / 255
        cosines = hues @ colour / np.linalg.norm(hues, axis=1) / np.linalg.norm(colour)
        assert names[int(np.argmax(cosines))] == caption.decode().split()[2]


def test_place_and_size_of_the_mask_are_the_caption_s(batch):
    for mask, caption in zip(batch["mask"], batch["caption"], strict=True):
        caption = caption.decode()
        rows, columns = np.nonzero(mask[..., 0])
        if caption.split()[4] not in ("triangle", "star", "crescent"):  # their boxes differ
            y, x = (rows.min() + rows.max() + 1) / 96, (columns.min() + columns.max() + 1) / 96
            assert (y < 0.42) == (" top" in caption), caption
            assert (y > 0.58) == (" bottom" in caption), caption
            assert (x < 0.42) == caption.endswith("left"), caption
            assert (x > 0.58) == caption.endswith("right"), caption
            extent = max(np.ptp(rows), np.ptp(columns)) / 48
            assert (extent > 0.34) == caption.startswith("a large"), caption


def test_texture_and_marks_agree(batch):
    for mask, caption in zip(batch["mask"], batch["caption"], strict=True):
        assert (mask == shapes.MARK).any() == ("plain" not in caption.decode()), caption


def test_edges_are_antialiased():
    scenes = shapes.draw_scenes(1, np.arange(64))
    fine = shapes.render(scenes, shapes.STYLES["day"], 128).reshape(64, 32, 4, 32, 4, 3)
    coarse = shapes.render(scenes, shapes.STYLES["day"], 32)
    assert np.median(_psnr(fine.mean(axis=(2, 4)), coarse, 255)) > 30


@pytest.mark.parametrize("size, channels", [(8, 3), (8, 1), (33, 3), (100, 1)])
def test_any_size(size, channels):
    config = {"source": "shapes", "size": size, "channels": channels, "num_examples": 3}
    image = open_source(config).numpy([0, 1, 2])["image"]
    assert image.shape == (3, size, size, channels)
    assert image.std() > 5


def test_domains_have_different_scenes_and_pairs_the_same():
    unpaired = [s.numpy(np.arange(300)) for s in open_sources(CONFIG, "unpaired", "train")]
    assert (unpaired[0]["caption"] == unpaired[1]["caption"]).mean() < 0.05
    paired = [s.numpy(np.arange(300)) for s in open_sources(CONFIG, "paired", "train")]
    for name in ("label", "caption", "mask"):
        np.testing.assert_array_equal(paired[0][name], paired[1][name])


def test_heldout_scenes_are_not_trained_on(batch):
    test = open_source(CONFIG, "test").numpy(np.arange(50))["image"]
    trained = {image.tobytes() for image in batch["image"]}
    assert not trained & {image.tobytes() for image in test}


def test_domains_lie_far_apart_and_their_light_differs():
    pairs = heldout_pairs({"source": "shapes", "size": 32, "num_test": 400}, 200, seed=0)
    assert all(part.shape == (200, 32, 32, 3) for part in pairs)
    for first, second in ((pairs.a, pairs.a_in_b), (pairs.b, pairs.b_in_a)):
        assert 6 < _psnr(first, second, 2).mean() < 10
    # Day is lighter than night in every pair and everywhere in the background.
    assert (pairs.a.mean(axis=(1, 2, 3)) > pairs.a_in_b.mean(axis=(1, 2, 3)) + 0.5).all()
    assert (pairs.b_in_a.mean(axis=(1, 2, 3)) > pairs.b.mean(axis=(1, 2, 3)) + 0.5).all()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"size": 7}, "size must be a whole number of at least 8, not 7"),
        ({"channels": 2}, "channels must be one of 1, 3"),
        ({"style": "nigth"}, "Did you mean 'night'"),
        ({"num_exampels": 7}, "Did you mean 'num_examples'"),
        ({"num_examples": 0}, "num_examples must be"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(UserInputError, match=message):
        open_source({"source": "shapes", **options})


@pytest.mark.parametrize("objects", [2, 3])
def test_several_objects_have_columns_and_halves_of_their_own(objects):
    config = {**CONFIG, "objects": objects, "num_examples": 200}
    source = open_source(config)
    assert source.num_classes is None and "label" not in source.element_spec
    batch = source.numpy(np.arange(200))
    warm = {"red", "yellow", "orange", "pink"}
    for mask, caption in zip(batch["mask"], batch["caption"], strict=True):
        parts = caption.decode().split(" and ")
        assert len(parts) == objects
        rows = [0 if part.split()[2] in warm else 2 for part in parts]
        columns = [0, 2] if objects == 2 else [0, 1, 2]
        places = [shapes.PLACES[r][c] for r, c in zip(rows, columns, strict=True)]
        assert all(p.endswith(place) for p, place in zip(parts, places, strict=True)), caption
        upper, lower = mask[:20].any(), mask[28:].any()
        assert (upper, lower) == (0 in rows, 2 in rows), caption
    again = open_source({**config, "cache_gib": 0}).numpy([5, 3])
    np.testing.assert_array_equal(again["image"], batch["image"][[5, 3]])


def test_one_object_is_what_it_was(batch):
    alone = open_source({**CONFIG, "objects": 1}).numpy(np.arange(300))
    np.testing.assert_array_equal(alone["image"], batch["image"])


def test_clips_show_one_object():
    with pytest.raises(UserInputError, match="objects=2 is for images; a clip shows one"):
        open_source({**CONFIG, "objects": 2}, main=Clip(4, 48, 48, 3))


def test_lines_show_the_outline_and_neither_colour_nor_texture():
    scenes = shapes.draw_scenes(5, np.arange(80))
    drawn = shapes.render(scenes, shapes.STYLES["lines"], 48)
    others = dataclasses.replace(
        scenes, colour=(scenes.colour + 1) % 8, texture=(scenes.texture + 1) % 4
    )
    np.testing.assert_array_equal(drawn, shapes.render(others, shapes.STYLES["lines"], 48))
    np.testing.assert_array_equal(drawn.max(axis=-1), drawn.min(axis=-1))
    paper = drawn.max(axis=(1, 2))[:, 0]
    np.testing.assert_allclose(paper, 255 * (1 - 0.15 * scenes.haze), atol=1)
    inside = shapes.part_masks(scenes, 48)[..., 0] > 0
    ink = drawn[..., 0] < 60
    assert (ink.sum(axis=(1, 2)) > 20).all()
    assert ink.sum() < 0.5 * inside.sum()
