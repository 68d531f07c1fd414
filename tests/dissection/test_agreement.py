"""Thresholds by the information-quality ratio, and IoU as a ratio of sums."""

import numpy as np
import planted
import pytest
import scipy.stats
import tensorflow as tf

from tfgan_suite.dissection import Agreement, choose_thresholds, dissect
from tfgan_suite.dissection.agreement import LEVELS, information_quality_ratio
from tfgan_suite.errors import UserInputError


def ratio(first, second):
    both = np.sum(first & second)
    return float(information_quality_ratio(both, first.sum(), second.sum(), first.size))


def test_the_ratio_is_bounded_one_for_equal_and_zero_for_independent_masks():
    rng = np.random.default_rng(0)
    mask = rng.uniform(size=100_000) < 0.2
    assert ratio(mask, mask) == pytest.approx(1, abs=1e-9)
    assert ratio(mask, ~mask) == pytest.approx(1, abs=1e-9)
    assert ratio(mask, rng.uniform(size=mask.size) < 0.3) == pytest.approx(0, abs=1e-3)
    assert ratio(mask, np.zeros_like(mask)) == 0 == ratio(np.ones_like(mask), np.ones_like(mask))
    for share in np.linspace(0, 1, 11):
        other = np.where(
            rng.uniform(size=mask.size) < share, mask, rng.uniform(size=mask.size) < 0.5
        )
        assert 0 <= ratio(mask, other) <= 1
    # By hand: counts 1, 1, 1, 1 of 4 share nothing; 3, 1, 0, 4 of 8 by the formula.
    p = np.array([3, 1, 0, 4]) / 8
    joint = -np.sum(p[p > 0] * np.log(p[p > 0]))
    margins = [-(q * np.log(q) + (1 - q) * np.log(1 - q)) for q in (4 / 8, 3 / 8)]
    expected = (sum(margins) - joint) / joint
    assert information_quality_ratio(3, 4, 3, 8) == pytest.approx(expected)


def test_the_threshold_is_found_within_one_level_of_the_planted_one():
    rng = np.random.default_rng(1)
    shown = rng.uniform(size=50_000) < 0.07
    step = np.where(shown, 2.0, 1.0) + rng.uniform(-0.49, 0.49, shown.size)
    noise = rng.normal(size=shown.size)
    chosen = choose_thresholds(np.stack([step, noise], axis=1), shown[:, None])
    found = np.mean(step > chosen.values[0])
    nearest = np.argmin(np.abs(LEVELS - 0.07))
    assert abs(np.argmin(np.abs(LEVELS - found)) - nearest) <= 1
    assert chosen.quality[0, 0] > 0.8 > 0.05 > chosen.quality[1, 0]


def test_thresholds_keep_the_rules_of_the_authors():
    rng = np.random.default_rng(2)
    shown = rng.uniform(size=10_000) < 0.1
    values = np.where(shown, 2.0, 1.0).astype(np.float32)
    below_zero = choose_thresholds((values - 5)[:, None], shown[:, None])
    assert below_zero.quality[0, 0] == 0  # no positive threshold
    rare = np.zeros_like(shown)
    rare[:5] = True
    assert choose_thresholds(np.where(rare, 2.0, 1.0)[:, None], rare[:, None]).quality[0, 0] == 0
    opposite = choose_thresholds(np.where(shown, 1.0, 2.0)[:, None], shown[:, None])
    assert opposite.quality[0, 0] == 0  # they agree on no pixel
    # A unit of two values: above the threshold are those of the higher.
    exact = choose_thresholds(values[:, None], np.stack([~shown, shown], axis=1))
    np.testing.assert_array_equal(values > exact.values[0], shown)
    assert exact.best[0] == 1 and exact.quality[0, 1] == pytest.approx(1)
    for value in (1, 0):  # on at a quarter of the pixels, and off elsewhere
        binary = np.where(np.arange(1000) < 250, value, value - 1).astype(np.float32)[:, None]
        threshold = tf.constant(choose_thresholds(binary, np.zeros((1000, 1), bool)).values)
        assert np.sum(tf.function(tf.greater)(binary, threshold)) == 250
    # Of a unit that agrees with nothing 0.5 % of the pixels are above.
    values = (rng.normal(size=(10_000, 1)) - 9).astype(np.float32)
    alone = choose_thresholds(values, shown[:, None])
    assert alone.values[0] < 0 and np.sum(values > alone.values[0]) == 50


def test_a_unit_that_is_hardly_ever_on_is_above_its_threshold_nowhere_else():
    """With zero above its threshold, a dead unit would agree with whatever is everywhere."""
    features = planted.blobs(60, units=4)
    features[..., 0] = 0  # never on
    features[..., 1] = 0
    features[::7, 0, 0, 1] = 1  # on at 0.2 % of the pixels
    found = dissect(planted.subject(features, planted.one_hot(3, 4)), 40, 20, top=1)
    assert found.active[0] == 0 and (found.iou[0] == 0).all()
    assert 0 < found.active[1] < 0.005 and found.iou[1].max() < 0.005


def test_thresholds_are_those_of_a_search_written_out():
    """Level by level and pixel by pixel, with values that are equal."""
    rng = np.random.default_rng(3)
    shown = rng.uniform(size=(3000, 3)) < [0.3, 0.05, 0.0003]
    values = np.round(rng.normal(size=(3000, 4)) + shown @ rng.normal(size=(3, 4)), 1) + 0.4
    values[:, 3] = np.maximum(values[:, 3] - 2, 0)
    values = values.astype(np.float32)
    chosen = choose_thresholds(values, shown)
    for unit, column in enumerate(values.T):
        best = np.zeros(3)
        for share in LEVELS:
            lowest = np.sort(column)[::-1][max(round(share * 3000), 1) - 1]
            for concept, mask in enumerate(shown.T):
                on = column >= lowest
                joint = np.array(
                    [[np.mean((on == a) & (mask == b)) for a in (0, 1)] for b in (0, 1)]
                )
                if not (lowest > 0 and mask.mean() >= 1e-3 and np.trace(joint) > 0.8):
                    continue
                apart = scipy.stats.entropy(joint.sum(0)) + scipy.stats.entropy(joint.sum(1))
                whole = scipy.stats.entropy(joint.ravel())
                best[concept] = max(best[concept], (apart - whole) / whole)
                if (apart - whole) / whole == pytest.approx(chosen.quality[unit].max(), abs=1e-12):
                    np.testing.assert_array_equal(column > chosen.values[unit], on)
        np.testing.assert_allclose(chosen.quality[unit], best, atol=1e-9)
        assert chosen.best[unit] == np.argmax(best)


def test_thresholds_refuse_arrays_that_do_not_fit():
    for values, shown in (((3, 2), (4, 1)), ((0, 2), (0, 1)), ((3,), (3, 1))):
        with pytest.raises(UserInputError, match="of the same pixels"):
            choose_thresholds(np.zeros(values), np.zeros(shown, bool))


def strips(at):
    """A strip of width 8 that begins at a column, `[N, 8, 32]`."""
    maps = np.zeros((len(at), 8, 32), np.float32)
    for image, start in zip(maps, at, strict=True):
        image[:, start : start + 8] = 1
    return maps


def test_a_mask_moved_by_half_its_width_has_an_iou_of_a_third():
    concept, moved = strips([4, 10]), strips([8, 14])
    subject = planted.subject(np.stack([moved, concept], axis=-1), [0.0, 1.0])
    found = dissect(subject, num=2, num_for_thresholds=2, top=1)
    thing = found.concept("thing")
    assert found.iou[0, thing] == pytest.approx(1 / 3)
    assert found.iou[1, thing] == 1


def test_iou_is_a_ratio_of_sums_not_a_mean_of_ratios():
    agreement = Agreement()
    agreement.add([[4]], [4], [4], 100)  # an IoU of 1 by itself
    agreement.add([[0]], [10], [30], 100)  # and one of 0
    assert agreement.iou()[0, 0] == pytest.approx(4 / 44)
    assert agreement.shares()[0] == pytest.approx(34 / 200)
    assert agreement.active()[0] == pytest.approx(14 / 200)
    assert Agreement().add([[0]], [0], [0], 1) is None
    nothing = Agreement()
    nothing.add([[0]], [0], [0], 10)
    assert nothing.iou()[0, 0] == 0
