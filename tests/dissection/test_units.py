"""Units with known meanings are found, on samples of their own, in batches of any size."""

import numpy as np
import planted
import pytest
import tensorflow as tf

from tfgan_suite.dissection import dissect, units
from tfgan_suite.errors import UserInputError

FEATURES = planted.blobs(300)


def test_a_planted_unit_is_found_and_others_are_at_chance():
    subject = planted.subject(FEATURES, planted.one_hot(3, 4), batch_size=32)
    found = dissect(subject, num=200, num_for_thresholds=100, top=2)
    thing = found.concept("thing")
    assert found.iou[3, thing] == 1.0
    assert found.detects.tolist() == [False, False, False, True]
    assert found.ranked("thing")[0] == 3
    # Noise above any threshold meets a quarter of the image at most as a quarter of it.
    assert found.iou[:3, thing].max() < 0.26
    assert found.concept_shares[thing] == pytest.approx(0.25)
    assert found.active[3] == pytest.approx(0.25)


@pytest.mark.parametrize("size", [(8, 8), (64, 64), (9, 17), (3, 4), (1, 1)])
def test_features_are_enlarged_as_images_are(size):
    features = tf.random.stateless_normal((2, 5, 4, 3), [1, 2])
    expected = tf.image.resize(features, size)
    np.testing.assert_allclose(units.enlarged(features, *size), expected, atol=1e-5)


def test_batches_change_nothing_and_thresholds_come_from_other_images(monkeypatch):
    results = [
        dissect(planted.subject(FEATURES, planted.one_hot(3, 4), size), 50, 30, top=3)
        for size in (7, 50)
    ]
    np.testing.assert_array_equal(results[0].iou, results[1].iou)
    np.testing.assert_array_equal(results[0].top, results[1].top)
    sampled = []
    original = units._sampled

    def noted(subject, numbers, progress):
        sampled.extend(numbers)
        return original(subject, numbers, progress)

    monkeypatch.setattr(units, "_sampled", noted)
    dissect(planted.subject(FEATURES, planted.one_hot(3, 4)), 50, 30)
    assert sampled == list(range(50, 80))


def test_many_images_are_sampled_at_few_pixels(monkeypatch):
    monkeypatch.setattr(units, "SAMPLED_PIXELS", 1000)
    subject = planted.subject(FEATURES, planted.one_hot(3, 4), batch_size=32)
    found = dissect(subject, num=100, num_for_thresholds=200)
    assert found.iou[3, 0] == 1.0
    values, shown = units._sampled(subject, np.arange(200), False)
    assert values.shape == (1000, 4) and shown.shape == (1000, 2)
    np.testing.assert_array_equal(values[:, 3] > 0.5, shown[:, 0])


def test_top_images_are_those_with_the_largest_value():
    subject = planted.subject(FEATURES, planted.one_hot(3, 4), batch_size=7)
    found = dissect(subject, num=40, num_for_thresholds=10, top=3)
    strongest = FEATURES[:40, ..., 1].max(axis=(1, 2))
    assert found.top[1].tolist() == np.argsort(-strongest)[:3].tolist()


def test_wrong_numbers_and_names_are_refused():
    subject = planted.subject(FEATURES, planted.one_hot(3, 4))
    with pytest.raises(UserInputError, match="num must be a whole number of at least 1, not 0"):
        dissect(subject, num=0)
    with pytest.raises(UserInputError, match="num must be a whole number up to 10,000,000"):
        dissect(subject, num=10**13)
    with pytest.raises(UserInputError, match="num_for_thresholds .* up to 131,072"):
        dissect(subject, num=4, num_for_thresholds=131_073)
    with pytest.raises(UserInputError, match="no concept 'thong'. Did you mean 'thing'"):
        subject.concept("thong")
