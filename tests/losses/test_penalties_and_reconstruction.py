import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.losses import penalties, reconstruction

RNG = np.random.default_rng(0)
REAL, FAKE = (RNG.normal(size=(4, 3, 2)).astype("float32") for _ in range(2))
EPSILON = np.array([0.0, 1.0, 0.25, 0.6], "float32")
WEIGHT = RNG.normal(size=(3, 2)).astype("float32")


def linear(x):
    return tf.reduce_sum(x * WEIGHT, axis=(1, 2))[:, None]


def quadratic(x):
    return tf.reduce_sum(WEIGHT * x**2, axis=(1, 2))[:, None]


def norm(x):
    return np.sqrt(np.sum(x**2, axis=(1, 2)))


def test_linear_critic():
    weight_norm = np.linalg.norm(WEIGHT)
    penalty = penalties.gradient_penalty(linear, REAL, FAKE, EPSILON)
    np.testing.assert_allclose(penalty, np.full(4, (weight_norm - 1) ** 2), rtol=1e-5)
    np.testing.assert_allclose(penalties.r1(linear, REAL), np.full(4, weight_norm**2), rtol=1e-5)
    np.testing.assert_allclose(penalties.r2(linear, FAKE), np.full(4, weight_norm**2), rtol=1e-5)


def test_quadratic_critic():
    mix = EPSILON[:, None, None] * REAL + (1 - EPSILON[:, None, None]) * FAKE
    expected = (norm(2 * WEIGHT * mix) - 1) ** 2
    penalty = penalties.gradient_penalty(quadratic, REAL, FAKE, EPSILON)
    np.testing.assert_allclose(penalty, expected, rtol=1e-4)
    for function, examples in ((penalties.r1, REAL), (penalties.r2, FAKE)):
        np.testing.assert_allclose(
            function(quadratic, examples), norm(2 * WEIGHT * examples) ** 2, rtol=1e-5
        )


def test_norms_below_1_are_penalised_too():
    penalty = penalties.gradient_penalty(lambda x: 0.1 * linear(x), REAL, FAKE, EPSILON)
    np.testing.assert_allclose(penalty, (0.1 * np.linalg.norm(WEIGHT) - 1) ** 2, rtol=1e-5)


def test_map_of_logits_counts_by_its_mean():
    def patches(x):
        return tf.stack([linear(x), 3 * linear(x)], axis=1)[..., None]

    expected = 4 * np.linalg.norm(WEIGHT) ** 2
    np.testing.assert_allclose(penalties.r1(patches, REAL), np.full(4, expected), rtol=1e-5)


@pytest.mark.parametrize("compiled", [False, True])
def test_differentiable_again_within_an_outer_tape(compiled):
    """For the critic w * linear(x): r1 is w^2 |W|^2, the penalty is (|w| |W| - 1)^2."""
    w = tf.Variable(1.5)

    def gradients(real, fake, epsilon):
        def critic(x):
            return w * linear(x)

        with tf.GradientTape(persistent=True) as tape:
            squared = tf.reduce_mean(penalties.r1(critic, real))
            penalty = tf.reduce_mean(penalties.gradient_penalty(critic, real, fake, epsilon))
        return tape.gradient(squared, w), tape.gradient(penalty, w)

    if compiled:
        gradients = tf.function(gradients, jit_compile=True)
    of_r1, of_penalty = gradients(*(tf.constant(x) for x in (REAL, FAKE, EPSILON)))
    weight_norm = np.linalg.norm(WEIGHT)
    np.testing.assert_allclose(of_r1, 2 * 1.5 * weight_norm**2, rtol=1e-5)
    np.testing.assert_allclose(of_penalty, 2 * (1.5 * weight_norm - 1) * weight_norm, rtol=1e-5)


def test_dead_discriminator_gives_finite_gradients():
    w = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        penalty = penalties.gradient_penalty(lambda x: w * linear(x), REAL, FAKE, EPSILON)
    np.testing.assert_allclose(penalty, 1.0, atol=1e-5)
    assert np.isfinite(tape.gradient(penalty, w))
    blind = penalties.r1(lambda x: tf.ones((4, 1)), REAL)
    np.testing.assert_array_equal(blind, np.zeros(4))


def test_examples_are_constants_to_a_penalty():
    scale = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        penalty = penalties.r2(quadratic, scale * FAKE)
    assert tape.gradient(penalty, scale) is None


def test_half_precision_examples_are_widened():
    penalty = penalties.r1(linear, REAL.astype("float16"))
    assert penalty.dtype == tf.float32
    np.testing.assert_allclose(penalty, np.linalg.norm(WEIGHT) ** 2, rtol=1e-5)


def test_reconstruction_equals_numpy():
    np.testing.assert_allclose(
        reconstruction.l1(REAL, FAKE), np.abs(REAL - FAKE).mean(axis=(1, 2)), rtol=1e-6
    )
    np.testing.assert_allclose(
        reconstruction.l2(REAL, FAKE), ((REAL - FAKE) ** 2).mean(axis=(1, 2)), rtol=1e-6
    )
    weights = np.abs(WEIGHT)
    np.testing.assert_allclose(
        reconstruction.l2(REAL, FAKE, weights),
        (weights * (REAL - FAKE) ** 2).mean(axis=(1, 2)),
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        reconstruction.euclidean(REAL, FAKE),
        np.sqrt(((REAL - FAKE) ** 2).sum(axis=(1, 2))),
        rtol=1e-6,
    )


def test_the_distance_has_a_gradient_of_0_where_it_is_0():
    with tf.GradientTape() as tape:
        tape.watch(prediction := tf.constant(REAL))
        distance = reconstruction.euclidean(REAL, prediction)
    assert not np.any(tape.gradient(distance, prediction))


DISTANCES = [reconstruction.l1, reconstruction.l2, reconstruction.euclidean]


@pytest.mark.parametrize("distance", DISTANCES)
def test_reconstruction_in_half_precision_gives_float32(distance):
    far = distance(np.full((2, 4), 300.0, "float16"), np.full((2, 4), -300.0, "float16"))
    assert far.dtype == tf.float32
    assert np.all(np.isfinite(far))


def test_gradient_difference_of_a_constant_is_zero_and_the_squared_error_is_not():
    truth = RNG.normal(size=(3, 2, 6, 5, 3)).astype("float32")
    difference = reconstruction.gradient_difference(truth, truth + 0.3)
    np.testing.assert_allclose(difference, np.zeros(3), atol=1e-6)
    np.testing.assert_allclose(reconstruction.l2(truth, truth + 0.3), np.full(3, 0.09), rtol=1e-4)


@pytest.mark.parametrize("power", [1, 2])
def test_gradient_difference_of_one_missing_edge(power):
    """One of three differences of each row has the edge's height; no row differs from the next."""
    truth, flat = np.zeros((1, 5, 4, 1), "float32"), np.zeros((1, 5, 4, 1), "float32")
    truth[:, :, 2:] = 0.6
    for pair in ((truth, flat), (flat, truth)):
        found = reconstruction.gradient_difference(*pair, power=power)
        np.testing.assert_allclose(found, [0.6**power / 3], rtol=1e-6)
    # the absolute differences are compared: an edge that goes down for one that goes up is none
    upside_down = reconstruction.gradient_difference(truth, 0.6 - truth)
    np.testing.assert_allclose(upside_down, [0], atol=1e-6)


def test_gradient_difference_is_the_mean_of_each_axis():
    truth, made = RNG.normal(size=(2, 2, 4, 6, 3))
    expected = 0
    for axis in (1, 2):
        parts = [np.abs(np.diff(x, axis=axis)) for x in (truth, made)]
        expected += np.abs(parts[0] - parts[1]).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(reconstruction.gradient_difference(truth, made), expected, rtol=1e-6)
