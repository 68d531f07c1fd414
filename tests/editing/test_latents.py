"""Points: their ways, sums, directions, and what cannot be edited."""

import tracemalloc

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from tfgan_suite import editing, models
from tfgan_suite.errors import UserInputError
from tfgan_suite.networks.opened import find_layer, openable_layers, opened
from tfgan_suite.signatures import Condition, LatentSpace, linear, spherical

# Of the rest, models of clips and volumes have spaces too; others make samples of no latents.
WITH_IMAGES = {
    "bicyclegan",
    "can",
    "cgan",
    "dcgan",
    "egan",
    "gan",
    "lapgan",
    "lsgan",
    "progan",
    "stackgan",
    "stylegan",
    "text_to_image",
}


def space_of(decode, size, sample_shape=(1,), **more):
    """A space of normal points of a generator of our own."""
    return LatentSpace(
        (size,),
        sample_shape,
        decode=lambda points, _: decode(points),
        of_seeds=lambda seeds: tf.random.stateless_normal([len(seeds), size], [0, 0]),
        distribution="normal",
        **more,
    )


def tiny(name):
    return models.build({"name": name, "preset": "tiny"})


@pytest.mark.parametrize("name", models.names())
def test_every_space_decodes_its_points_and_passes_gradients(name):
    model = tiny(name)
    model.find_stage()
    assert bool(model.latent_spaces()) is (
        name in WITH_IMAGES | {"threed_gan", "threed_vae_gan", "vgan"}
    )
    for key, space in model.latent_spaces().items():
        points = space.of_seeds(tf.constant([3, 4, 3], tf.int64))
        assert points.shape == (3, *space.shape), key
        np.testing.assert_array_equal(points[0], points[2])
        given = {
            name: tf.constant(condition.example(3)) for name, condition in space.conditions.items()
        }
        with tf.GradientTape() as tape:
            tape.watch(points)
            samples = space.decode(points, given)
            brightness = tf.reduce_sum(samples)
        assert samples.shape == (3, *space.sample_shape) and samples.dtype == tf.float32, key
        assert np.abs(tape.gradient(brightness, points)).max() > 0, key
        if space.judge is not None:
            assert np.isfinite(space.judge(samples, given)).all()
        for place, end in ((0.0, 0), (1.0, 1)):
            between = space.between(points[:1], points[1:2], tf.constant([place]))
            np.testing.assert_allclose(between[0], points[end], atol=1e-5)


def test_a_servable_s_seed_is_the_space_s_seed():
    for name in ("dcgan", "lapgan"):
        model = tiny(name)
        space = editing.find_space(model)
        points = editing.points_of_seeds(model, space, [1, 2])
        given = {"class_id": np.int32(1)} if space.conditions else {}
        classes = ([1, 1],) if space.conditions else ()
        np.testing.assert_allclose(
            editing.decoded(model, space, points, given),
            model.sample([1, 2], *classes),
            atol=1e-6,
        )


def test_what_decodes_points_is_traced_once():
    model = tiny("cgan")
    layer = find_layer(model, "scaled_4")[1]
    with opened(layer) as calls:
        for class_id, num in ((0, 3), (1, 3), (1, 70)):
            space = editing.find_space(model)
            points = editing.points_of_seeds(model, space, range(num))
            images = editing.decoded(model, space, points, {"class_id": np.int32(class_id)})
            np.testing.assert_allclose(
                images[:3], model.sample(range(3), [class_id] * 3), atol=1e-6
            )
    traced = {features.graph for features in calls}
    assert len(traced) == 2  # of `decoded` and of `sample`


def test_the_spaces_of_a_stage_last_as_long_as_it():
    model = tiny("progan")
    first = editing.find_space(model)
    assert editing.find_space(model) is first
    model.images_seen.assign(10**6)
    model.stage_index.assign(len(model.stages.all) - 1)
    last = editing.find_space(model)
    assert last.sample_shape[0] > first.sample_shape[0]
    points = editing.points_of_seeds(model, last, [1])
    assert editing.decoded(model, last, points, {}).shape[1:] == last.sample_shape


def test_slerp_of_equal_lengths_keeps_them_and_of_parallel_vectors_is_lerp():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 4, 64))
    second *= np.linalg.norm(first, axis=1, keepdims=True) / np.linalg.norm(
        second, axis=1, keepdims=True
    )
    for place in (0.0, 0.3, 1.0):
        position = np.full(4, place)
        between = spherical(first, second, position)
        np.testing.assert_allclose(tf.norm(between, axis=1), np.linalg.norm(first, axis=1), 1e-6)
        np.testing.assert_allclose(
            spherical(first, 2 * first, position), linear(first, 2 * first, position), atol=1e-6
        )
    np.testing.assert_allclose(spherical(first, second, np.zeros(4)), first, atol=1e-12)


def test_bounded_points_stay_inside():
    space = tiny("dcgan").latent_spaces()["z"]
    assert space.bounds == (-1, 1)
    ends = np.full((2, *space.shape), 0.9)
    np.testing.assert_array_equal(editing.combined(space, [ends, ends]), np.ones(space.shape))
    near = editing.neighbours(space, ends[0], 5)
    assert near.shape == (5, *space.shape) and near.max() <= 1 and near.min() > 0.6


def factors(points):
    """What a generator of two binary factors shows: colour and shape, each of half the latents.

    The factor is the sign of a mean, with a kink in it: single points say little.
    """
    colour, shape = np.asarray(points)[..., :8], np.asarray(points)[..., 8:]
    return colour.mean(-1) > 0, shape.mean(-1) > 0


def test_arithmetic_of_means_finds_the_fourth_combination_more_often_than_single_points():
    rng = np.random.default_rng(1)
    space = space_of(lambda points: points, 16)
    points = rng.normal(size=(4000, 16)).astype(np.float32)
    red, square = factors(points)

    def share(num):
        hits = 0
        for _ in range(50):

            def concept(is_red, is_square, num=num):
                of_it = np.flatnonzero((red == is_red) & (square == is_square))
                return points[rng.choice(of_it, num)]

            sum_ = editing.combined(
                space, [concept(True, True), concept(False, False)], [concept(True, False)]
            )
            is_red, is_square = factors(sum_)
            hits += not is_red and is_square
        return hits / 50

    assert share(3) > 0.8 > share(1)


def test_directions_of_labels_find_the_factors_and_tell_their_leakage():
    rng = np.random.default_rng(0)
    space = space_of(lambda points: points, 6)
    points = rng.normal(size=(1000, 6)).astype(np.float32)
    labels = {"first": points[:, 0] > 0.5, "both": points[:, 0] + points[:, 1] > 0}
    found = editing.attribute_directions(space, points, labels)
    assert found["first"].vector[0] > 0.98 and found["first"].accuracy > 0.95
    np.testing.assert_allclose(found["both"].vector[:2], np.sqrt(0.5), atol=0.1)
    left = editing.without(found["both"], [found["first"]]).vector
    assert abs(left @ found["first"].vector) < 1e-6 and left[1] > 0.98
    with pytest.raises(UserInputError, match="nothing is left"):
        editing.without(found["both"], [found["both"]])
    with pytest.raises(UserInputError, match="'rare': 3 of 1000 points have it"):
        editing.attribute_directions(space, points, {"rare": np.arange(1000) < 3})
    with pytest.raises(UserInputError, match="one for each of the 1000"):
        editing.attribute_directions(space, points, {"short": np.ones(3, bool)})


def test_the_plane_of_an_attribute_is_that_of_a_general_minimiser():
    rng = np.random.default_rng(5)
    space = space_of(lambda points: points, 4)
    points = rng.normal(size=(400, 4)) * [1, 3, 1, 0.2] + [0, 5, 0, 0]
    points = points.astype(np.float32).astype(np.float64)
    label = points @ [1, 0.2, -0.5, 2] + 0.5 * rng.normal(size=400) > 1.8
    found = editing.attribute_directions(space, points, {"it": label})["it"]
    is_test = np.arange(400) % 5 == 0
    rows = (points - points.mean(0)) / points.std(0)
    sign = np.where(label, 1, -1)[~is_test]
    share = np.where(label, 0.5 / label[~is_test].sum(), 0.5 / (~label)[~is_test].sum())[~is_test]

    def loss(weights):
        margins = sign * (rows[~is_test] @ weights[:-1] + weights[-1])
        return share @ np.logaddexp(0, -margins) + 0.005 * weights[:-1] @ weights[:-1]

    weights = scipy.optimize.minimize(loss, np.zeros(5), tol=1e-12).x
    vector = weights[:-1] / points.std(0)
    np.testing.assert_allclose(found.vector, vector / np.linalg.norm(vector), atol=1e-4)
    said = rows[is_test] @ weights[:-1] + weights[-1] > 0
    right = [np.mean(said[label[is_test] == kind] == kind) for kind in (True, False)]
    assert found.accuracy == pytest.approx(np.mean(right))


def test_leakage_is_the_change_of_other_attributes(gan):
    model = gan
    space = editing.find_space(model)
    points = editing.points_of_seeds(model, space, range(200))
    images = editing.decoded(model, space, points, {})
    middle = np.median(images.mean((1, 2, 3)))

    def classify(images):
        bright = images.mean((1, 2, 3)) > middle
        return {"bright": bright, "dark": ~bright, "constant": np.ones(len(images), bool)}

    way = editing.attribute_directions(space, points, {"bright": classify(images)["bright"]})
    changes = editing.leakage(model, way["bright"], 2.0, classify, seeds=range(64))
    assert changes["bright"]["change"] > 0.2
    assert changes["dark"]["change"] == pytest.approx(-changes["bright"]["change"])
    assert changes["constant"] == {"before": 1, "after": 1, "change": 0, "kept": 1}
    assert changes["bright"]["kept"] <= 1 - changes["bright"]["change"] + 1e-6


def test_components_are_found_from_what_the_points_make():
    rng = np.random.default_rng(0)
    space = space_of(lambda points: points, 5)
    points = rng.normal(size=(500, 5)).astype(np.float32)
    features = points * [1, 1, 9, 3, 1]
    first, second = editing.component_directions(space, points, 2, features)
    assert abs(first.vector[2]) > 0.99 and abs(second.vector[3]) > 0.99
    assert first.share > 0.8 > second.share
    (of_points,) = editing.component_directions(space, features, 1)
    np.testing.assert_allclose(np.abs(of_points.vector), [0, 0, 1, 0, 0], atol=0.05)


def test_what_does_not_differ_gives_no_direction():
    rng = np.random.default_rng(0)
    space = space_of(lambda points: points, 5)
    points = rng.normal(size=(60, 5)).astype(np.float32)
    flat = np.full((60, 3), 0.1, np.float32)
    with pytest.raises(UserInputError, match="do not differ"):
        editing.component_directions(space, points, 2, flat)
    with pytest.raises(UserInputError, match="do not differ"):
        editing.value_direction(space, points, np.full(60, 0.1) + 1e-16 * rng.normal(size=60))
    flat[:, 1] += points[:, 2]
    (only,) = editing.component_directions(space, points, 3, flat)
    assert only.share == pytest.approx(1)


def test_a_share_is_that_of_held_out_points():
    """Of 120 points in 90 dimensions a regression explains nearly any values that it has seen."""
    rng = np.random.default_rng(0)
    space = space_of(lambda points: points, 90)
    points = rng.normal(size=(120, 90)).astype(np.float32)
    assert editing.value_direction(space, points, rng.normal(size=120)).share < 0.1
    assert editing.value_direction(space, points, points[:, 3]).share == pytest.approx(1)


def test_points_move_by_finite_numbers_only():
    space = space_of(lambda points: points, 5)
    way = editing.Direction(np.eye(5, dtype=np.float32)[0])
    for strength in (np.nan, np.inf, 1e39):
        with pytest.raises(UserInputError, match="strength must be a number from"):
            editing.moved(space, np.zeros((1, 5)), way, strength)
    with pytest.raises(UserInputError, match="point: expected latents of shape"):
        editing.neighbours(space, np.zeros(4), 2)


def test_activities_of_many_points_take_little_memory():
    """The features of a layer are averaged batch by batch, not held together."""
    model = models.build({"name": "dcgan", "preset": "tiny"})
    space = editing.find_space(model)
    points = editing.points_of_seeds(model, space, range(1000))
    editing.unit_activities(model, "relu_8", points[:2])
    tracemalloc.start()
    activities = editing.unit_activities(model, "relu_8", points)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert activities.shape == (1000, 4)
    assert peak < 1000 * 8 * 8 * 4 * 4 / 2


def test_stackgan_s_noise_of_two_kinds_is_taken_for_normal():
    """Its points are spread evenly: components are those of images, ways are great circles."""
    space = editing.find_space(tiny("stackgan"))
    assert space.distribution == "normal" and space.bounds is None
    points = space.of_seeds(tf.constant([1, 2], tf.int64))
    middle = space.between(points[:1], points[1:], tf.constant([0.5]))
    lengths = tf.norm(points, axis=1).numpy()
    assert float(tf.norm(middle)) == pytest.approx(lengths.mean(), rel=1e-4)


def test_the_direction_of_units_makes_them_more_active(gan):
    space = editing.find_space(gan)
    points = editing.points_of_seeds(gan, space, range(200))
    layer = next(name for name in openable_layers(gan) if "hidden" in name or "relu" in name)
    activities = editing.unit_activities(gan, layer, points)
    unit = int(np.argmax(activities.std(axis=0)))
    way = editing.unit_direction(gan, layer, [unit], points)
    further = editing.unit_activities(gan, layer, editing.moved(space, points, way, 1.0))
    assert further[:, unit].mean() > activities[:, unit].mean() + 0.3
    assert 0.3 < way.share <= 1
    by_hand = editing.value_direction(space, points, activities[:, unit])
    np.testing.assert_array_equal(way.vector, by_hand.vector)
    for units in ([], [0.5], [-1], [16]):
        with pytest.raises(UserInputError, match="has the units 0 to 15"):
            editing.unit_direction(gan, layer, units, points)
    with pytest.raises(UserInputError, match="values: expected one for each of the 200"):
        editing.value_direction(space, points, [1.0])


def test_what_cannot_be_edited_is_refused():
    with pytest.raises(UserInputError, match="PixelRNN makes its samples of no latents"):
        editing.find_space(tiny("pixelrnn"))
    with pytest.raises(UserInputError, match="no space 'w_puls'.*Did you mean 'w_plus'"):
        editing.find_space(tiny("stylegan"), "w_puls")
    space = editing.find_space(tiny("cgan"))
    point = np.zeros((1, *space.shape))
    for points, words in (
        (point[:, :-1], "expected latents of shape"),
        (point * np.nan, "finite"),
        ([["a"]], "expected numbers"),
    ):
        with pytest.raises(UserInputError, match=words):
            editing.combined(space, [points])
    with pytest.raises(UserInputError, match="takes 'class_id' beside latents"):
        editing.project(tiny("cgan"), np.zeros((1, *space.sample_shape)))
    condition = space.conditions["class_id"]
    assert isinstance(condition, Condition) and condition.parse("1") == 1
    for text in ("-1", "x", "99"):
        with pytest.raises(UserInputError, match="class_id is a whole number from 0"):
            condition.parse(text)
    with pytest.raises(UserInputError, match="expected a model of images"):
        editing.project(tiny("threed_gan"), np.zeros((1, 8, 8, 8, 1)))
