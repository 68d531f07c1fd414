"""What users may ask a model for."""

import numpy as np
import pytest

from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image, Values
from tfgan_suite.models import CaptionEncoder, Pix2Pix
from tfgan_suite.models.asked import (
    checked_captions,
    checked_class_ids,
    checked_examples,
    checked_seeds,
)


def test_whole_numbers_are_taken():
    assert checked_seeds(range(3)).tolist() == [0, 1, 2]
    assert checked_seeds(np.array([-5, 2**40]), 2).dtype == np.int64
    assert checked_class_ids([2, 0], 2, num_classes=3).dtype == np.int32
    assert checked_class_ids(None, 2, num_classes=0) is None


@pytest.mark.parametrize(
    "seeds", [5, [0.5], ["a"], [[1, 2]], [[1], [2, 3]], [2**63], [2**64], None, [True]]
)
def test_other_seeds_are_refused(seeds):
    with pytest.raises(UserInputError, match="seeds are a list of whole numbers, one for each"):
        checked_seeds(seeds)


def test_the_number_of_seeds_is_held():
    with pytest.raises(UserInputError, match=r"2 of them: .* Received: \[1\]"):
        checked_seeds([1], 2)
    with pytest.raises(UserInputError, match=r"Received: float64 of shape \(3, 100\)"):
        checked_seeds(np.zeros((3, 100)))


@pytest.mark.parametrize("class_ids", [[0, 3], [-1, 0], [0], [0.5, 1], None, [[0], [1, 2]]])
def test_other_classes_are_refused(class_ids):
    with pytest.raises(UserInputError, match="class_ids are whole numbers from 0 to 2, 2 of them"):
        checked_class_ids(class_ids, 2, num_classes=3)


def test_a_model_without_classes_takes_none():
    with pytest.raises(UserInputError, match="This model has no classes: leave class_ids out"):
        checked_class_ids([0], 1, num_classes=0)


def test_captions_are_a_list_of_texts():
    assert checked_captions(["rot", "grün"]).tolist() == [b"rot", "grün".encode()]
    for captions in (5, None, [5], ["\ud800"], "red"):
        with pytest.raises(UserInputError, match="Captions are a list of texts in UTF-8"):
            checked_captions(captions)


@pytest.mark.parametrize(
    "values, message",
    [
        (np.zeros((2, 4, 4, 1)), r"has shape \(2, 4, 4, 1\); expected \(batch, 4, 4, 3\)"),
        (np.zeros((4, 4, 3)), "The batch dimension is missing"),
        (np.zeros((0, 4, 4, 3)), "there is nothing to answer"),
        (np.zeros((1, 4, 4, 3), np.uint8), "dtype uint8; .* Convert 8-bit images"),
        (np.full((1, 4, 4, 3), np.nan), "is not finite"),
        (np.linspace(-1, 254, 48).reshape(1, 4, 4, 3), "Scale 8-bit values"),
        (["a"], "dtype string"),
        (None, "dtype string"),
    ],
)
def test_other_images_are_refused(values, message):
    with pytest.raises(UserInputError, match=message) as error:
        checked_examples("images", values, Image(4, 4, 3))
    assert "\n" not in str(error.value)


def test_examples_are_taken_as_float32():
    taken = checked_examples("points", [[0.5, 1.0]], Values((2,)))
    assert taken.dtype == np.float32 and taken.tolist() == [[0.5, 1.0]]


def test_models_check_what_they_answer():
    pix2pix = Pix2Pix(**Pix2Pix.presets["tiny"])
    size, channels = pix2pix.image_size, pix2pix.channels_a
    with pytest.raises(UserInputError, match="images has shape"):
        pix2pix.translate(np.zeros((1, size[0] + 1, size[1], channels)))
    encoder = CaptionEncoder(**CaptionEncoder.presets["tiny"])
    with pytest.raises(UserInputError, match="images has dtype uint8"):
        encoder.embed_images(np.zeros((1, *encoder.image_shape), np.uint8))
    with pytest.raises(UserInputError, match="Captions are a list of texts"):
        encoder.embed("red")
