import numpy as np
import pytest
import tensorflow as tf
from PIL import Image as Picture

from tfgan_suite import making
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import ClassId, Clip, Image, Text, Volume

LABELS = np.array([0, 1, 1, 0, 2, 1, 1])


def _found(values, columns=None, draws=400):
    """Another example for each (row, column), for evenly spaced draws: {(row, column): rows}."""
    others = making.Others(values, "label")
    columns = [(row, 0) for row in range(len(values))] if columns is None else columns
    spaced = tf.constant((np.arange(draws) + 0.5) / draws, tf.float32)
    return {
        (row, column): others.find(
            tf.fill([draws], np.int64(row)), tf.fill([draws], np.int64(column)), spaced
        ).numpy()
        for row, column in columns
    }


def test_another_has_another_label_and_each_is_as_likely():
    for (row, _), found in _found(LABELS).items():
        rows, counts = np.unique(found, return_counts=True)
        np.testing.assert_array_equal(rows, np.flatnonzero(LABELS != LABELS[row]))
        assert np.ptp(counts) <= 1


def test_the_highest_draw_finds_an_example():
    num = 100_003
    others = making.Others(np.arange(num) == 0, "label")
    highest = tf.constant([1 - 2.0**-24] * 2, tf.float32)
    found = others.find(tf.constant([0, 1], tf.int64), tf.zeros(2, tf.int64), highest)
    assert num - 3 <= found[0] < num and found[1] == 0


def test_another_has_none_of_the_caption_shown():
    captions = np.array(
        [[b"a", b"b"], [b"b", b"c"], [b"c", b""], [b"a", b""], [b"a", b"a"]], object
    )
    found = _found(captions, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (4, 1)])
    wanted = {(0, 0): {1, 2}, (0, 1): {2, 3, 4}, (1, 0): {2, 3, 4}, (1, 1): {0, 3, 4}}
    assert {key: set(rows) for key, rows in found.items()} == {
        **wanted, (2, 0): {0, 3, 4}, (4, 1): {1, 2}}  # fmt: skip


@pytest.mark.parametrize(
    "values, message",
    [
        (np.zeros(3, int), "All 3 examples have the label '0': there is none of another"),
        (np.array([b"x", b"x"], object), "the label 'x'"),
        (np.array([[b"x", b"y"], [b"x", b""]], object), "the label 'x'"),
    ],
)
def test_all_the_same(values, message):
    with pytest.raises(UserInputError, match=message):
        making.Others(values, "label")


@pytest.mark.parametrize(
    "height, width, factor", [(32, 32, 2), (64, 48, 4), (30, 33, 3), (8, 8, 8)]
)
def test_downscaling_is_pillow_s(height, width, factor):
    """Within 1e-4 of 255 grey levels of Pillow's BICUBIC in floats, one level of its 8 bits."""
    images = np.random.default_rng(0).integers(0, 256, (3, height, width, 1), np.uint8)
    source = Image(height, width, 1)
    small = (height // factor, width // factor)
    field = Image(*small, 1, low=0, high=255).downscaled("x", factor)
    made = making.downscale(source.from_source(images), source, field).numpy()
    for image, one in zip(images[..., 0], made[..., 0], strict=True):
        floats = Picture.fromarray(image.astype(np.float32), "F")
        wanted = np.asarray(floats.resize(small[::-1], Picture.Resampling.BICUBIC))
        np.testing.assert_allclose(one, wanted.clip(0, 255), atol=1e-4 * 255)
        bits = np.asarray(Picture.fromarray(image).resize(small[::-1], Picture.Resampling.BICUBIC))
        assert np.abs(one - bits).max() <= 1


def test_downscaled_values_stay_in_their_range():
    step = tf.constant(np.tile(np.where(np.arange(16) < 9, -1.0, 1.0), (1, 16, 1))[..., None])
    field = Image(8, 8, 1, low=0).downscaled("x", 2)
    made = making.downscale(tf.cast(step, tf.float32), Image(16, 16, 1), field).numpy()
    assert made.min() == 0 and made.max() == 1


def test_a_dataset_of_batches_is_downscaled():
    source, field = Image(8, 8, 1), Image(4, 4, 1).downscaled("x", 2)
    images = np.random.default_rng(0).uniform(-1, 1, (5, 8, 8, 1)).astype(np.float32)
    batches = tf.data.Dataset.from_tensor_slices(images).batch(4)
    made = batches.map(lambda x: making.downscale(x, source, field))
    assert made.element_spec.shape.as_list() == [None, 4, 4, 1]
    whole = making.downscale(tf.constant(images), source, field)
    np.testing.assert_array_equal(np.concatenate(list(made.as_numpy_iterator())), whole)


def test_frames_are_downscaled_one_by_one():
    clip = tf.random.stateless_uniform((2, 3, 8, 8, 1), (0, 1))
    field, source = Clip(3, 4, 4, 1).downscaled("x", 2), Clip(3, 8, 8, 1)
    made = making.downscale(clip, source, field)
    assert made.shape == (2, 3, 4, 4, 1)
    np.testing.assert_array_equal(made[:, 1], making.downscale(clip[:, 1], source, field))


@pytest.mark.parametrize("low", [0.0, -1.0])
def test_binarised_pixels(low):
    levels = np.linspace(0, 1, 5, dtype=np.float32)
    images = tf.constant(np.tile(levels * (1 - low) + low, (4000, 1))[:, None, :, None])
    positions = tf.range(4000, dtype=tf.int64)
    field = Image(1, 5, 1, low=low)
    hard = making.binarise(images, field.binarised("threshold"), 1, positions)
    np.testing.assert_array_equal(hard[0, 0, :, 0], [low, low, 1, 1, 1])
    soft = making.binarise(images, field.binarised("stochastic"), 1, positions).numpy()
    assert set(np.unique(soft)) == {low, 1}
    shares = (soft[:, 0, :, 0] == 1).mean(axis=0)
    assert shares[0] == 0 and shares[4] == 1, "black and white stay"
    np.testing.assert_allclose(shares, levels, atol=0.03)
    again = making.binarise(images[7:9], field.binarised("stochastic"), 1, positions[7:9])
    np.testing.assert_array_equal(again, soft[7:9])


IMAGE = Image(8, 8, 3)


@pytest.mark.parametrize(
    "spec, message",
    [
        ({"x": IMAGE, "y": IMAGE.of_another("text")}, "'text', which must be a ClassId or Text"),
        ({"x": IMAGE, "y": IMAGE.of_another("x")}, "must be a ClassId or Text of the same stream"),
        (({"x": IMAGE, "y": IMAGE.of_another("c")}, {"c": Text()}), "same stream. It has x, y"),
        ({"c": Text(), "y": IMAGE.of_another("c")}, "must have a image|must have an image"),
        ({"x": IMAGE, "y": Image(2, 2, 3).downscaled("z", 4)}, "an Image of the same stream"),
        ({"x": Volume(4), "y": Image(2, 2, 3).downscaled("x", 4)}, "must be an Image"),
        (
            {"x": IMAGE, "y": Image(3, 3, 3).downscaled("x", 4)},
            "y .images of 3 x 3.* does not fit x",
        ),
        ({"x": IMAGE, "y": Image(2, 2, 1).downscaled("x", 4)}, "does not fit x"),
        ({"x": Image(9, 9, 3), "y": Image(None, None, 3).downscaled("x", 2)}, "does not fit x"),
    ],
)
def test_what_cannot_be_made(spec, message):
    with pytest.raises(UserInputError, match=message):
        making.check_made(spec)


def test_what_can_be_made():
    making.check_made({"x": Image(), "y": Image(2, 2, 3).downscaled("x", 4)})
    making.check_made({"x": IMAGE, "c": ClassId(), "y": IMAGE.of_another("c")})
    with pytest.raises(UserInputError, match="'stochastic' or 'threshold'. Received: 'hard'"):
        IMAGE.binarised("hard")
