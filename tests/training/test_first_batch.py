import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.training.first_batch import Field, check_form, check_values

IMAGES = (Field("x", (8, 8, 3), -1.0, 1.0),)
UNIT_IMAGES = (Field("x", (8, 8, 3), 0.0, 1.0),)
POINTS = (Field("x", (2,)),)
DOMAINS = (Field("domain a", (8, 8, 3), -1.0, 1.0), Field("domain b", (8, 8, 1), -1.0, 1.0))


def images(low=-1.0, high=1.0, shape=(4, 8, 8, 3), dtype="float32"):
    values = np.random.default_rng(0).uniform(max(low, -1), 1, shape)
    values.flat[0], values.flat[-1] = low, high
    return values.astype(dtype)


@pytest.mark.parametrize(
    ("batch", "fields", "message"),
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
        ((images(), images()), DOMAINS, "domain b has shape.*rgb_to_grayscale"),
        ((images(), images(shape=(4, 8, 8))), DOMAINS, r"domain b .*x\[..., None\]"),
        (np.zeros((4, 3), "float32"), POINTS, r"shape \(4, 3\); expected \(batch, 2\)"),
        (images(), DOMAINS, r"takes 2 tensors \(domain a, domain b\): fit\(a, b\).*one tensor"),
        ({"image": images()}, IMAGES, r"keys \['image'\].*dataset.map"),
        ((images(), images()), IMAGES, "a tuple of 2"),
    ],
)
def test_form_is_refused_in_one_line(batch, fields, message):
    with pytest.raises(UserInputError, match=message) as error:
        check_form(batch, fields, "TheModel")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_floats_and_unknown_sizes_are_taken(dtype):
    check_form(tf.TensorSpec([None, None, 8, 3], dtype), IMAGES, "TheModel")


@pytest.mark.parametrize(
    ("batch", "fields", "message"),
    [
        (images(0, 255), IMAGES, r"from 0 to 255.*\[-1, 1\].*x / 127.5 - 1"),
        (images(0, 255), UNIT_IMAGES, r"x / 255"),
        (images(-1, np.nan), IMAGES, r"not finite in 1 of the first 4 examples \(first in"),
        (images(-1, np.inf), IMAGES, "not finite"),
        (np.array([[0, 1], [np.nan, 0]], "float32"), POINTS, r"first in example 1\)"),
    ],
)
def test_values_that_can_only_be_wrong_are_refused(batch, fields, message):
    with pytest.raises(UserInputError, match=message):
        check_values(batch, fields)


@pytest.mark.parametrize(
    ("batch", "fields", "message"),
    [
        (images(0, 1), IMAGES, r"from 0 to 1 .*2 \* x - 1"),
        (images(-1, 1), UNIT_IMAGES, r"\[0, 1\].*\(x \+ 1\) / 2"),
        (images(-2.1, 2.6), IMAGES, "from -2.1 to 2.6"),
    ],
)
def test_values_that_are_wrong_for_most_are_a_warning(batch, fields, message):
    with pytest.warns(UserWarning, match=message):
        check_values(batch, fields)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("batch", "fields"),
    [
        (images(-1, 1), IMAGES),
        (images(-1.02, 1.02), IMAGES),  # resized
        (images(0, 1), UNIT_IMAGES),
        (np.zeros((4, 8, 8, 3), "float32"), IMAGES),  # nothing to judge by
        (np.array([[0, 255], [1e6, 3]], "float32"), POINTS),
    ],
)
def test_what_is_right_passes_in_silence(batch, fields):
    check_values(batch, fields)
