"""Fields that are made of others, by the data pipeline."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.data import heldout_batch, training_batches
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import ClassId, Image, Text

SHAPES = {"source": "shapes", "size": 8, "num_examples": 20, "num_test": 12}
IMAGE = Image(8, 8, 3)
SPEC = {
    "image": IMAGE,
    "caption": Text(),
    "label": ClassId(),
    "other_image": IMAGE.of_another("label"),
    "other_caption": Text().of_another("caption"),
    "low": Image(4, 4, 3).downscaled("image", 2),
    "other_low": Image(2, 2, 3, low=0).downscaled("other_image", 4),
}
BINARY = {"image": Image(8, 8, 3).binarised("stochastic")}
CONFIGS = [SHAPES, {**SHAPES, "load_size": 11, "flip": True}, {**SHAPES, "cache_gib": 0}]


def _batches(config, spec, num, batch_size=6, **arguments):
    dataset = training_batches(config, spec, batch_size, seed=3, **arguments)
    return [{k: v.numpy() for k, v in batch.items()} for batch in dataset.take(num)]


def _assert_equal(first, second):
    assert first.keys() == second.keys()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("spec", [SPEC, BINARY])
def test_batches_stay_the_same_on_replicas_and_after_a_resume(config, spec):
    whole = _batches(config, spec, 6)
    assert list(whole[0]) == list(spec)
    for later, batch in zip(_batches(config, spec, 2, start_step=4), whole[4:], strict=True):
        _assert_equal(later, batch)
    shares = [
        _batches(config, spec, 2, input_context=tf.distribute.InputContext(3, i, 3))
        for i in range(3)
    ]
    for step in range(2):
        joined = {name: np.concatenate([s[step][name] for s in shares]) for name in spec}
        _assert_equal(joined, whole[step])
    several = _batches(config, spec, 1, batch_size=3, batches_per_step=2)[0]
    _assert_equal({k: v.reshape(6, *v.shape[2:]) for k, v in several.items()}, whole[0])


@pytest.mark.parametrize("by", ["label", "caption"])
def test_an_image_of_another_is_never_of_the_same(by, tmp_path):
    labels = np.array([0, 0, 1, 1, 1, 2, 2, 2, 2, 0])
    config = {"source": f"npz:{tmp_path}/x.npz"}
    if by == "label":
        np.savez(tmp_path / "x.npz", x=np.arange(10, dtype=np.uint8).reshape(10, 1, 1), y=labels)
        field = ClassId()
    else:
        from PIL import Image as Picture

        for i, label in enumerate(labels):
            Picture.new("L", (1, 1), i).save(tmp_path / f"kind-{label} {i}.png")
        config = {"source": f"folder:{tmp_path}", "size": 1, "channels": 1, "captions": "names"}
        field = Text()
    spec = {"image": Image(), by: field, "other": Image().of_another(by)}
    seen = set()
    for batch in _batches(config, spec, 100, batch_size=10):
        own, other = (
            np.round((batch[name].ravel() + 1) * 127.5).astype(int) for name in ("image", "other")
        )
        assert (labels[own] != labels[other]).all()
        seen.update(zip(own, other, strict=True))
    assert len(seen) == sum((labels != label).sum() for label in labels), "every other is met"


def test_nothing_of_another(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.zeros((3, 1, 1), np.uint8), y=np.ones(3, int))
    spec = {"image": Image(), "label": ClassId(), "other": Image().of_another("label")}
    with pytest.raises(UserInputError, match="All 3 examples have the label '1'"):
        training_batches({"source": f"npz:{tmp_path}/x.npz"}, spec, 3, seed=0)


def test_what_is_read_does_not_depend_on_what_is_made():
    plain = {name: SPEC[name] for name in ("image", "caption", "label")}
    config = CONFIGS[1]
    for made, read in zip(_batches(config, SPEC, 3), _batches(config, plain, 3), strict=True):
        _assert_equal({name: made[name] for name in plain}, read)


def test_low_resolution_is_of_the_same_part():
    batch = _batches(CONFIGS[1], SPEC, 1)[0]
    mean = batch["image"].mean(axis=(1, 2))
    np.testing.assert_allclose(batch["low"].mean(axis=(1, 2)), mean, atol=0.1)
    mean = batch["other_image"].mean(axis=(1, 2)) / 2 + 0.5
    np.testing.assert_allclose(batch["other_low"].mean(axis=(1, 2)), mean, atol=0.15)


def test_pixels_are_drawn_anew_in_each_epoch(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.full((1, 8, 8), 128, np.uint8))
    spec = {"image": Image(8, 8, 1, low=0).binarised("stochastic")}
    batches = _batches({"source": f"npz:{tmp_path}/x.npz"}, spec, 9, batch_size=1)
    assert len({batch["image"].tobytes() for batch in batches}) == 9
    assert set(np.unique([batch["image"] for batch in batches])) == {0, 1}


def test_another_image_belongs_to_a_stream_and_asks_for_no_second_domain():
    pair = {"a": IMAGE, "b": IMAGE, "label": ClassId(), "c": IMAGE.of_another("label")}
    batch = _batches(SHAPES, pair, 1)[0]
    assert batch["a"].mean() > batch["b"].mean() + 0.5, "day and night"
    assert abs(batch["c"].mean() - batch["a"].mean()) < 0.3, "another of the first domain"


@pytest.mark.parametrize("spec", [SPEC, BINARY])
def test_heldout_examples(spec):
    first, second = (heldout_batch(CONFIGS[1], spec, 99, seed=1) for _ in range(2))
    _assert_equal(first, second)
    assert {len(values) for values in first.values()} == {12}


def test_one_of_several_captions_by_position(tmp_path):
    from PIL import Image as Picture

    for i in range(2):
        Picture.new("L", (1, 1), i).save(tmp_path / f"{i}.png")
    (tmp_path / "t.csv").write_text("0.png,a,b,c\n1.png,d\n")
    config = {"source": f"folder:{tmp_path}", "size": 1, "captions": "t.csv"}
    (batch,) = _batches(config, {"text": Text(), "other": Text().of_another("text")}, 1, 600)
    assert ((batch["text"] == b"d") != (batch["other"] == b"d")).all()
    for texts in batch.values():
        _, counts = np.unique(texts, return_counts=True)
        assert len(counts) == 4 and counts[3] == 300 and counts[:3].min() > 70
