"""What units cause, of generators whose answer is known."""

import numpy as np
import planted
import pytest
import tensorflow as tf

from tfgan_suite.dissection import interventions
from tfgan_suite.dissection.interventions import Places
from tfgan_suite.errors import UserInputError

UNITS, PLANTED = 16, 5
FEATURES = planted.blobs(64, size=4, units=UNITS, planted=PLANTED)
NUMBERS = np.arange(64)


@pytest.fixture(scope="module")
def subject():
    return planted.subject(FEATURES, planted.one_hot(PLANTED, UNITS), batch_size=64)


@pytest.fixture(scope="module")
def found(subject):
    return interventions.find_places(subject, "thing", NUMBERS)


def test_places_and_mean_features_are_those_of_the_concept(found):
    for places, expected in ((found.present, 1), (found.absent, 0)):
        at = FEATURES[places.numbers, places.rows, places.columns, PLANTED]
        assert len(places) == 64 and (at == expected).all()
    assert found.mean[PLANTED] == 1
    assert found.share == pytest.approx(0.25)
    other = np.delete(FEATURES, PLANTED, axis=-1)[FEATURES[..., PLANTED] == 1].mean(axis=0)
    np.testing.assert_allclose(np.delete(found.mean, PLANTED), other, atol=1e-5)


def test_the_effect_is_positive_for_the_cause_and_zero_for_others(subject, found):
    def effect(units, concept="thing"):
        places = found.present + found.absent
        return interventions.effect(subject, units, concept, found.mean, places)

    assert effect([PLANTED]) == 1
    assert effect([2]) == 0
    assert effect([PLANTED], "nothing") == -1


def test_an_insertion_is_measured_where_it_is_made():
    """The authors' code measures it at the places of the ablation."""
    subject = planted.subject(np.zeros_like(FEATURES[:2]), planted.one_hot(PLANTED, UNITS))
    numbers, value = np.arange(2), planted.one_hot(PLANTED, UNITS)
    places = Places(numbers, np.array([3, 2]), np.array([3, 2]))
    assert interventions.effect(subject, [PLANTED], "thing", value, places) == 1
    # Where units are switched off there is nothing to lose: all gradient is the insertion's.
    elsewhere = Places(numbers, np.array([0, 0]), np.array([0, 1]))
    found = interventions.Found(elsewhere, places, value, 0.0)
    best = interventions.optimised_units(subject, "thing", found, np.full(UNITS, 0.5), steps=60)
    assert best.alpha[PLANTED] > 0.9


def test_optimisation_recovers_the_planted_unit(subject, found):
    start = np.full(UNITS, 0.5)
    best = interventions.optimised_units(subject, "thing", found, start, steps=120)
    assert best.alpha[PLANTED] > 0.8
    assert np.delete(best.alpha, PLANTED).max() < 0.2
    assert best.ranked()[0] == PLANTED
    assert best.losses[-1] < best.losses[0]
    np.testing.assert_array_equal(best.alpha[best.ranked()], np.sort(best.alpha)[::-1])
    free = interventions.optimised_units(subject, "thing", found, start, steps=20, weight=0.0)
    np.testing.assert_array_equal(np.delete(free.alpha, PLANTED), np.full(UNITS - 1, 0.5, "f"))


def test_a_larger_weight_gives_a_shorter_alpha():
    weights = np.linspace(0, 0.1, UNITS)
    subject = planted.subject(FEATURES, weights, batch_size=64)
    places = [Places(NUMBERS, *np.random.default_rng(i).integers(0, 4, (2, 64))) for i in range(2)]
    found = interventions.Found(*places, np.full(UNITS, 0.5, np.float32), 0.1)
    lengths = [
        np.sum(
            interventions.optimised_units(
                subject, "thing", found, np.full(UNITS, 0.5), steps=80, weight=weight
            ).alpha
            ** 2
        )
        for weight in (0.005, 0.05, 0.5)
    ]
    assert lengths[0] > lengths[1] > lengths[2]


def test_a_segmenter_without_gradients_is_refused(found):
    class Hard(planted.FirstChannel):
        def __call__(self, images):
            return tf.cast(super().__call__(images) > 0.5, tf.float32)

    subject = planted.subject(FEATURES, planted.one_hot(PLANTED, UNITS))
    subject.segmenter = Hard()
    with pytest.raises(UserInputError, match="no gradient"):
        interventions.optimised_units(subject, "thing", found, np.ones(UNITS), steps=1)


def test_the_ablation_curve_of_units_apart_falls_step_by_step():
    features = np.zeros((3, 4, 4, 4), np.float32)
    for unit, (row, column) in enumerate(((0, 0), (0, 2), (2, 0), (2, 2))):
        features[:, row : row + 2, column : column + 2, unit] = 1
    subject = planted.subject(features, np.ones(4))
    counts, shares = interventions.ablation_curve(subject, [2, 0, 3, 1], np.arange(3))
    assert counts.tolist() == [0, 1, 2, 4]
    assert shares[:, 0].tolist() == [1, 0.75, 0.5, 0]
    only = interventions.shares_shown(subject, [0], np.arange(3), at=np.eye(4) * 0)
    assert only[0] == 1
    assert interventions.shares_shown(subject, [0], np.arange(3), at=np.eye(4))[0] == 1 - 2 / 16


def test_single_units_and_insertion_place_by_place(subject, found):
    means = interventions.mean_features(subject, NUMBERS)
    assert means[PLANTED].tolist() == [1, 0]
    effects = interventions.effects_of_units(subject, [2, PLANTED], [0.5, 1.0], NUMBERS)
    np.testing.assert_allclose(effects, [[0, 0], [1, -1]])
    gained = interventions.insertion_map(subject, [PLANTED], "thing", found.mean, NUMBERS)
    np.testing.assert_allclose(gained, 1 - FEATURES[..., PLANTED].mean(axis=0), atol=1e-6)


def test_each_place_has_the_pixels_nearest_to_it():
    image = np.arange(7.0)[None, None, :, None] * np.ones((1, 7, 1, 1))
    means = interventions._by_place(tf.constant(image, tf.float32), 3, 3).numpy()[0, 0, :, 0]
    np.testing.assert_allclose(means, [0.5, 3, 5.5])  # 2, 3 and 2 pixels: not 3, 2 and 2
    even = interventions._by_place(tf.constant(image[:, :6, :6], tf.float32), 3, 3).numpy()
    np.testing.assert_allclose(even[0, 0, :, 0], [0.5, 2.5, 4.5])


def test_an_effect_is_measured_at_some_place(subject, found):
    none = found.present[:0]
    with pytest.raises(UserInputError, match="no place to measure 'thing'"):
        interventions.effect(subject, [PLANTED], "thing", found.mean, none)


def test_a_concept_that_no_image_shows_is_named(subject):
    black = planted.subject(np.zeros_like(FEATURES), planted.one_hot(PLANTED, UNITS))
    with pytest.raises(UserInputError, match="None of 3 images shows 'thing'"):
        interventions.find_places(black, "thing", np.arange(3))


def test_few_units_are_switched_where_nothing_else_is_asked_for():
    assert [interventions.usual_count(n) for n in (1, 4, 64, 512)] == [1, 1, 6, 20]
