import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import fields
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import ClassId, Clip, Image, Mask, Point, Volume, streams

IMAGES = {"x": Image(8, 8, 3)}
UNIT_IMAGES = {"x": Image(8, 8, 3, low=0.0)}
POINTS = {"x": Point()}
LABELS = {"x": ClassId(10)}
CLIPS = {"x": Clip(3, 8, 8, 3)}
VOLUMES = {"x": Volume(4)}
SIGNED_VOLUMES = {"x": Volume(4, low=-1)}
MASKS = {"x": Mask(8, 8, num_parts=3)}
DOMAINS = {"a": Image(8, 8, 3)}, {"b": Image(8, 8, 1)}


def check_form(batch, spec):
    fields.check_form(fields.named(batch, spec, "TheModel"), spec)


def check_values(batch, spec):
    fields.check_values(fields.named(batch, spec, "TheModel"), spec)


def images(low=-1.0, high=1.0, shape=(4, 8, 8, 3), dtype="float32"):
    values = np.random.default_rng(0).uniform(max(low, -1), 1, shape)
    values.flat[0], values.flat[-1] = low, high
    return values.astype(dtype)


def test_a_field_shows_what_it_holds():
    assert repr({"x": Image(8, 6, 3)}) == "{'x': <Image: images of 8 x 6 with 3 channels>}"


@pytest.mark.parametrize(
    ("batch", "spec", "message"),
    [
        (images(0, 255, dtype="uint8"), IMAGES, r"dtype uint8.*\[-1, 1\].*/ 127.5 - 1"),
        (images(0, 255, dtype="uint8"), UNIT_IMAGES, r"dtype uint8.*\[0, 1\].*/ 255"),
        (np.zeros((4, 2), int), POINTS, r"x has dtype int64; expected float32. .*astype"),
        (np.zeros((4, 2), complex), POINTS, "dtype complex128"),
        (np.zeros((4, 2), "datetime64[s]"), POINTS, "dtype datetime64"),
        (np.array(["a.png", "b.png"]), IMAGES, "dtype string.*decode_png"),
        (np.array([b"a", None], object), POINTS, "dtype string"),
        (images(shape=(4, 3, 8, 8)), IMAGES, r"\(4, 3, 8, 8\).*moveaxis\(x, 1, -1\)"),
        (images(shape=(4, 8, 8, 1)), IMAGES, r"expected \(batch, 8, 8, 3\).*np.repeat"),
        (images(shape=(4, 8, 8, 4)), IMAGES, "alpha"),
        (images(shape=(4, 9, 8, 3)), IMAGES, r"tf.image.resize\(x, \(8, 8\)\)"),
        (images(shape=(8, 8, 3)), IMAGES, "batch dimension is missing"),
        ((images(), images()), DOMAINS, "b has shape.*rgb_to_grayscale"),
        ((images(), images(shape=(4, 8, 8))), DOMAINS, r"b .*x\[..., None\]"),
        (np.zeros((4, 3), "float32"), POINTS, r"shape \(4, 3\); expected \(batch, 2\)"),
        (images(), DOMAINS, r"2 fields: a .images of 8 x 8.*fit\(a, b\).*one tensor"),
        ({"image": images()}, IMAGES, "takes the fields x. The data has image and lacks x"),
        ({"images": images()}, {"image": Image(8, 8, 3)}, "Rename 'images' to 'image'"),
        (
            {"image": images()},
            {"image": Image(8, 8, 3), "other_image": Image(8, 8, 3)},
            r"lacks other_image\.$",
        ),
        (np.zeros((4, 10), "float32"), LABELS, "one-hot rows by np.argmax"),
        ((images(), images(), images()), DOMAINS, "a tuple of 3"),
        (np.zeros((4, 10), "int64"), LABELS, r"\(4, 10\).*argmax"),
        (np.zeros((4, 1), "int64"), LABELS, r"x\[:, 0\]"),
        (np.zeros(4, "float32"), LABELS, "astype..int32"),
        (images(shape=(4, 5, 8, 8, 3)), CLIPS, r"expected \(batch, 3, 8, 8, 3\).*x\[:, :3\]"),
        (
            images(shape=(4, 3, 8, 8)),
            {"x": Clip(3, 8, 8, 1)},
            r"channels are missing: x\[..., None\]",
        ),
        (images(0, 255, (4, 3, 8, 8, 3), "uint8"), CLIPS, r"/ 127.5 - 1"),
        (np.zeros((4, 4, 4, 4), "float32"), VOLUMES, r"last axis is missing: x\[..., None\]"),
        (np.zeros((4, 4, 4, 4, 1), "uint8"), VOLUMES, r"x.astype\('float32'\)\.$"),
        (np.zeros((4, 4, 4, 4, 1), bool), SIGNED_VOLUMES, r"\('float32'\) \* 2 - 1\.$"),
        (np.zeros((4, 16, 16, 2), "float32"), {"x": Volume(16)}, "np.unpackbits"),
        (np.zeros((4, 8, 8, 1), "uint8"), MASKS, r"x\[..., 0\]"),
        (np.zeros((4, 8, 8, 3), "uint8"), MASKS, "argmax"),
        (np.zeros((4, 8, 8), "float32"), MASKS, "astype..int32"),
    ],
)
def test_form_is_refused_in_one_line(batch, spec, message):
    with pytest.raises(UserInputError, match=message) as error:
        check_form(batch, spec)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_floats_and_unknown_sizes_are_taken(dtype):
    check_form(tf.TensorSpec([None, None, 8, 3], dtype), IMAGES)


@pytest.mark.parametrize(
    ("batch", "spec", "message"),
    [
        (images(0, 255), IMAGES, r"from 0 to 255.*\[-1, 1\].*x / 127.5 - 1"),
        (images(0, 255), UNIT_IMAGES, r"x / 255"),
        (images(-1, np.nan), IMAGES, r"not finite in 1 of the first 4 examples \(first in"),
        (images(-1, np.inf), IMAGES, "not finite"),
        (np.array([[0, 1], [np.nan, 0]], "float32"), POINTS, r"first in example 1\)"),
        (np.array([3, 10]), LABELS, "x holds 10 in example 1; expected classes from 0 to 9"),
        (np.array([-1, 3]), LABELS, "x holds -1 in example 0"),
        (images(0, 255, (4, 3, 8, 8, 3)), CLIPS, "x / 127.5 - 1"),
        (np.full((2, 4, 4, 4, 1), 0.5), VOLUMES, r"x holds 0.5 .* 0 and 1 alone. .*\(x > 0.5\)"),
        (np.zeros((2, 4, 4, 4, 1)), SIGNED_VOLUMES, r"-1 and 1 alone. .* \* 2 - 1"),
        (np.full((2, 4, 4, 4, 1), np.nan), VOLUMES, "not finite"),
        (np.full((2, 8, 8), 3), MASKS, "parts from 3 to 3 .* expected 0 to 2"),
    ],
)
def test_values_that_can_only_be_wrong_are_refused(batch, spec, message):
    with pytest.raises(UserInputError, match=message):
        check_values(batch, spec)


@pytest.mark.parametrize(
    ("batch", "spec", "message"),
    [
        (images(0, 1), IMAGES, r"from 0 to 1 .*2 \* x - 1"),
        (images(-1, 1), UNIT_IMAGES, r"\[0, 1\].*\(x \+ 1\) / 2"),
        (images(-2.1, 2.6), IMAGES, "from -2.1 to 2.6"),
    ],
)
def test_values_that_are_wrong_for_most_are_a_warning(batch, spec, message):
    with pytest.warns(UserWarning, match=message):
        check_values(batch, spec)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("batch", "spec"),
    [
        (images(-1, 1), IMAGES),
        (images(-1.02, 1.02), IMAGES),  # resized
        (images(0, 1), UNIT_IMAGES),
        (np.zeros((4, 8, 8, 3), "float32"), IMAGES),  # nothing to judge by
        (np.array([[0, 255], [1e6, 3]], "float32"), POINTS),
        (np.array([0, 9]), LABELS),
    ],
)
def test_what_is_right_passes_in_silence(batch, spec):
    check_values(batch, spec)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "field",
    [Image(8, 8, 3, low=0), Clip(3, 8, 8, 1), Volume(4), Volume(4, low=-1), Mask(8, 8, 3)],
    ids=lambda field: field.describe(),
)
def test_random_examples_are_valid(field):
    batch = fields.random_batch({"x": field}, 5)
    assert batch["x"].dtype == field.dtype and batch["x"].std() > 0
    check_form(batch, {"x": field})
    check_values(batch, {"x": field})


def test_values_of_a_source_are_brought_to_the_field_s_range():
    volume = Volume(2, low=-1).from_source(tf.constant([0, 1], tf.uint8))
    np.testing.assert_array_equal(volume, [-1, 1])
    clip = Clip(2, 1, 1, 1, low=0).from_source(tf.constant([0, 255], tf.uint8))
    np.testing.assert_array_equal(clip, [0, 1])
    mask = Mask(1, 2).from_source(tf.constant([[[[0], [2]]]], tf.uint8))
    np.testing.assert_array_equal(mask, [[[0, 2]]])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Clip(0, 8, 8, 1), "frames must be a whole number from 1. Received: 0"),
        (lambda: Clip(2.5, 8, 8, 1), "frames must be"),
        (lambda: Image(8, 8, 1).downscaled("high", 0), "factor must be"),
        (lambda: Image(8, 8, 1).downscaled("high", 1.5), "factor must be"),
        (lambda: Image(8, 8, 1, 1, -1), "low must be less than high"),
        (lambda: Image(8, 8, 1, 0, float("nan")), "low must be less than high"),
        (lambda: Volume(8, 1, 1), "low must be less than high"),
        (lambda: Mask(8, 8, 0), "num_parts must be"),
        (lambda: ClassId(-1), "num_classes must be"),
        (lambda: streams({}), "at least one field"),
        (lambda: streams(["image"]), "must be a dict from name to Field"),
        (lambda: streams(({"a": Image()}, {"a": Image()})), "Two fields of batch_spec"),
    ],
)
def test_fields_that_nothing_can_be_are_refused(make, message):
    with pytest.raises(UserInputError, match=message):
        make()


def test_random_texts_are_of_the_words_and_a_check_sees_them():
    seen = []
    field = fields.Text(["one", "two"], check=lambda name, values: seen.append((name, len(values))))
    texts = fields.random_batch({"caption": field}, 5)["caption"]
    assert {word for text in texts for word in text.split()} == {"one", "two"}
    fields.check_values({"caption": texts}, {"caption": field})
    assert seen == [("caption", 5)]
