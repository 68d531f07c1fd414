import dataclasses
from typing import ClassVar

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, log_expit

from tfgan_suite.errors import UserInputError
from tfgan_suite.losses import adversarial

# The formulas once more, in numpy: (real, fake) -> sum of D's terms, and (real, fake) -> G's.
REFERENCE = {
    "minimax": (
        lambda r, f: -log_expit(r) - log_expit(-f),
        lambda r, f: log_expit(-f),
    ),
    "non_saturating": (
        lambda r, f: -log_expit(r) - log_expit(-f),
        lambda r, f: -log_expit(f),
    ),
    "least_squares": (
        lambda r, f: 0.5 * (r - 1) ** 2 + 0.5 * f**2,
        lambda r, f: 0.5 * (f - 1) ** 2,
    ),
    "hinge": (
        lambda r, f: np.maximum(0, 1 - r) + np.maximum(0, 1 + f),
        lambda r, f: -f,
    ),
    "wasserstein": (lambda r, f: f - r, lambda r, f: -f),
    "relativistic": (lambda r, f: -log_expit(r - f), lambda r, f: -log_expit(f - r)),
    "relativistic_average": (
        lambda r, f: -log_expit(r - f.mean(0)) - log_expit(-(f - r.mean(0))),
        lambda r, f: -log_expit(-(r - f.mean(0))) - log_expit(f - r.mean(0)),
    ),
}


def logits(shape, stddev=3.0):
    rng = np.random.default_rng(0)
    return tuple(rng.normal(scale=stddev, size=shape).astype("float32") for _ in range(2))


def discriminator_sum(loss, real, fake):
    return sum(np.asarray(term) for term in loss.discriminator(real, fake).values())


def test_every_loss_has_a_reference():
    assert set(adversarial.names()) == set(REFERENCE)


@pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 5, 4, 1)])
@pytest.mark.parametrize("name", list(REFERENCE))
def test_equals_numpy_and_gives_one_value_per_example(name, shape):
    loss = adversarial.get(name)
    real, fake = logits(shape)
    for_discriminator, for_generator = REFERENCE[name]

    def per_example(x):
        return x.reshape(6, -1).mean(axis=1)

    terms = loss.discriminator(real, fake)
    assert set(terms) == ({"pair"} if name == "relativistic" else {"real", "fake"})
    assert all(term.shape == (6,) and term.dtype == tf.float32 for term in terms.values())
    np.testing.assert_allclose(
        discriminator_sum(loss, real, fake),
        per_example(for_discriminator(real, fake)),
        rtol=1e-5,
        atol=1e-6,
    )
    term = loss.generator(fake, real)
    assert term.shape == (6,)
    assert term.dtype == tf.float32
    np.testing.assert_allclose(term, per_example(for_generator(real, fake)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "level", "discriminator", "generator"),
    [
        ("minimax", 0.0, 2 * np.log(2), -np.log(2)),
        ("non_saturating", 0.0, 2 * np.log(2), np.log(2)),
        ("least_squares", 0.5, 0.25, 0.125),
        (
            {
                "name": "least_squares",
                "fake_label": -1.0,
                "real_label": 1.0,
                "generator_label": 0.0,
            },
            0.0,
            1.0,
            0.0,
        ),
        ("hinge", 0.0, 2.0, 0.0),
        ("wasserstein", 7.0, 0.0, -7.0),
        ("relativistic", 7.0, np.log(2), np.log(2)),
        ("relativistic_average", 7.0, 2 * np.log(2), 2 * np.log(2)),
    ],
)
def test_constant_discriminator(name, level, discriminator, generator):
    loss = adversarial.get(name)
    constant = np.full((4, 1), level, "float32")
    np.testing.assert_allclose(
        discriminator_sum(loss, constant, constant), discriminator, atol=1e-6
    )
    np.testing.assert_allclose(loss.generator(constant, constant), generator, atol=1e-6)


@pytest.mark.parametrize("name", list(REFERENCE))
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_finite_with_finite_gradients_at_logits_of_100(name, sign):
    loss = adversarial.get(name)
    real, fake = tf.fill((2, 1), 100.0 * sign), tf.fill((2, 1), -100.0 * sign)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, fake])
        total = tf.add_n(list(loss.discriminator(real, fake).values()))
        term = loss.generator(fake, real)
    gradients = tape.gradient(total, [real, fake]) + [tape.gradient(term, fake)]
    for value in [total, term, *gradients]:
        assert np.all(np.isfinite(value))


@pytest.mark.parametrize("name", ["minimax", "non_saturating", "relativistic"])
def test_half_precision_logits_are_widened(name):
    loss = adversarial.get(name)
    real, fake = tf.cast(logits((4, 1)), tf.float16)
    assert loss.generator(fake, real).dtype == tf.float32
    np.testing.assert_array_equal(
        loss.generator(fake, real),
        loss.generator(tf.cast(fake, tf.float32), tf.cast(real, tf.float32)),
    )


@pytest.mark.parametrize("name", ["minimax", "non_saturating"])
def test_logit_form_equals_probability_form(name):
    level = np.linspace(-8.0, 8.0, 33)
    probability = expit(level)
    loss = adversarial.get(name)
    np.testing.assert_allclose(
        discriminator_sum(loss, level, level),
        -np.log(probability) - np.log(1 - probability),
        atol=1e-6,
    )
    generator = np.log(1 - probability) if name == "minimax" else -np.log(probability)
    np.testing.assert_allclose(loss.generator(level), generator, atol=1e-6)


def generator_gradient(loss, level):
    fake = tf.constant([[level]])
    with tf.GradientTape() as tape:
        tape.watch(fake)
        term = loss.generator(fake)
    return float(tape.gradient(term, fake)[0, 0])


def test_minimax_saturates_where_the_discriminator_rejects():
    assert generator_gradient(adversarial.Minimax(), -10.0) == pytest.approx(-4.54e-5, rel=1e-3)
    assert generator_gradient(adversarial.NonSaturating(), -10.0) == pytest.approx(
        -0.99995, abs=1e-5
    )


def test_least_squares_gradients_are_distances_to_the_labels():
    a, b, c = -0.5, 1.5, 0.25
    loss = adversarial.LeastSquares(fake_label=a, real_label=b, generator_label=c)
    real, fake = (tf.constant(x) for x in logits((5, 1)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, fake])
        terms = loss.discriminator(real, fake)
        term = loss.generator(fake)
    np.testing.assert_allclose(tape.gradient(terms["real"], real), real - b, rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(terms["fake"], fake), fake - a, rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(term, fake), fake - c, rtol=1e-6)


def histograms(seed, bins=12):
    return np.random.default_rng(seed).dirichlet(np.ones(bins), size=2)


@pytest.mark.parametrize("seed", range(3))
def test_pearson_identity_of_the_labels(seed):
    """2 C(G) is Pearson's chi-squared for labels (-1, 1, 0), and is not for (0, 1, 1)."""
    p_data, p_model = histograms(seed)

    def both(a, b, c):
        loss = adversarial.LeastSquares(a, b, c)
        best = (b * p_data + a * p_model) / (p_data + p_model)
        on_both = 2 * loss.generator(best).numpy()
        pearson = np.sum((2 * p_model - p_data - p_model) ** 2 / (p_data + p_model))
        return np.sum(p_data * on_both) + np.sum(p_model * on_both), pearson

    assert both(-1.0, 1.0, 0.0) == pytest.approx(both(-1.0, 1.0, 0.0)[::-1], abs=1e-10)
    criterion, pearson = both(0.0, 1.0, 1.0)
    assert abs(criterion - pearson) > 0.01


@pytest.mark.parametrize(
    ("name", "best"),
    [
        ("minimax", lambda p, q: np.log(p / q)),
        ("least_squares", lambda p, q: p / (p + q)),
    ],
)
def test_best_discriminator_of_two_histograms(name, best):
    """Newton steps on free logits, one per bin, reach the optimum of the papers."""
    p_data, p_model = histograms(0)
    loss = adversarial.get(name)
    free = tf.Variable(np.zeros_like(p_data))
    for _ in range(50):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                terms = loss.discriminator(free, free)
                value = tf.reduce_sum(p_data * terms["real"] + p_model * terms["fake"])
            slope = inner.gradient(value, free)
        free.assign_sub(0.5 * slope / outer.gradient(slope, free))
    np.testing.assert_allclose(free, best(p_data, p_model), atol=1e-5)
    if name == "minimax":
        middle = (p_data + p_model) / 2
        divergence = np.sum(p_data * np.log(p_data / middle) + p_model * np.log(p_model / middle))
        np.testing.assert_allclose(-value, -np.log(4) + divergence, atol=1e-4)


def test_relativistic_pairs_example_by_example():
    loss = adversarial.Relativistic()
    assert loss.needs_real_in_generator
    assert not adversarial.NonSaturating().needs_real_in_generator
    real, fake = logits((4, 1))
    moved = fake.copy()
    moved[2] += 1.0
    before, after = (np.asarray(loss.discriminator(real, f)["pair"]) for f in (fake, moved))
    np.testing.assert_array_equal(before != after, [False, False, True, False])
    with pytest.raises(UserInputError, match="pass `real_logits`"):
        loss.generator(fake)
    with pytest.raises(UserInputError, match=r"shapes \(4, 1\) and \(2, 1\)"):
        loss.discriminator(real, fake[:2])


def test_averages_are_those_of_groups():
    real, fake = logits((6, 1))
    grouped = adversarial.RelativisticAverage(group_size=3)
    whole = adversarial.RelativisticAverage()
    for part in (slice(0, 3), slice(3, 6)):
        np.testing.assert_allclose(
            grouped.generator(fake, real)[part], whole.generator(fake[part], real[part]), rtol=1e-6
        )
        np.testing.assert_allclose(
            discriminator_sum(grouped, real, fake)[part],
            discriminator_sum(whole, real[part], fake[part]),
            rtol=1e-6,
        )
    with pytest.raises(UserInputError, match="groups of 4 examples and received 6"):
        adversarial.RelativisticAverage(4).generator(fake, real)
    with pytest.raises(UserInputError, match="pass `real_logits`"):
        whole.generator(fake)


@pytest.mark.parametrize("name", list(REFERENCE))
def test_xla_agrees(name):
    loss = adversarial.get(name)
    real, fake = (tf.constant(x) for x in logits((4, 3, 3, 1)))

    def both(real, fake):
        return [*loss.discriminator(real, fake).values(), loss.generator(fake, real)]

    for compiled, plain in zip(
        tf.function(both, jit_compile=True)(real, fake), both(real, fake), strict=True
    ):
        np.testing.assert_allclose(compiled, plain, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", list(REFERENCE))
def test_config_round_trip(name):
    loss = adversarial.get(name)
    assert adversarial.get(loss) is loss
    assert adversarial.serialize(loss)["name"] == name
    assert adversarial.get(adversarial.serialize(loss)) == loss


def test_settings_survive_the_round_trip():
    loss = adversarial.LeastSquares(fake_label=-1.0, real_label=2.0, generator_label=0.5)
    config = adversarial.serialize(loss)
    assert config == {
        "name": "least_squares",
        "fake_label": -1.0,
        "real_label": 2.0,
        "generator_label": 0.5,
    }
    assert adversarial.get(config) == loss
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.fake_label = 0.0


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("non_saturated", "Did you mean 'non_saturating'"),
        ("bce", "Known: hinge, least_squares, minimax"),
        ({"name": "least_squares", "fake_lable": 0.0}, "Did you mean 'fake_label'"),
        ({"name": "hinge", "margin": 2.0}, "Its settings: none"),
        ({"fake_label": 0.0}, "the key 'name'"),
        (None, "received None"),
        (print, "received <built-in"),
    ],
)
def test_unknown_losses(identifier, message):
    with pytest.raises(UserInputError, match=message):
        adversarial.get(identifier)


def test_a_users_own_loss(monkeypatch):
    monkeypatch.setattr(adversarial, "_REGISTRY", dict(adversarial._REGISTRY))

    @adversarial.register
    @dataclasses.dataclass(frozen=True)
    class Scaled(adversarial.Wasserstein):
        name: ClassVar[str] = "scaled"
        factor: float = 1.0

        def generator(self, fake_logits, real_logits=None):
            return self.factor * super().generator(fake_logits)

    loss = adversarial.get({"name": "scaled", "factor": 3.0})
    np.testing.assert_allclose(loss.generator(np.ones((2, 1), "float32")), -3.0)
    assert adversarial.get(adversarial.serialize(loss)) == loss


def softplus(x):
    return np.log1p(np.exp(x))


# What docs/losses.md prints, read by hand, with the labels a = 0, b = c = 1.
FORMULAS = {
    "sp(-r) + sp(f)": lambda r, f: softplus(-r) + softplus(f),
    "-sp(f)": lambda r, f: -softplus(f),
    "sp(-f)": lambda r, f: softplus(-f),
    "(r - b)^2 / 2 + (f - a)^2 / 2": lambda r, f: (r - 1) ** 2 / 2 + f**2 / 2,
    "(f - c)^2 / 2": lambda r, f: (f - 1) ** 2 / 2,
    "max(0, 1 - r) + max(0, 1 + f)": lambda r, f: np.maximum(0, 1 - r) + np.maximum(0, 1 + f),
    "-f": lambda r, f: -f,
    "f - r": lambda r, f: f - r,
    "sp(f - r)": lambda r, f: softplus(f - r),
    "sp(r - f)": lambda r, f: softplus(r - f),
    "sp(-(r - mean f)) + sp(f - mean r)": lambda r, f: (
        softplus(-(r - f.mean())) + softplus(f - r.mean())
    ),
    "sp(r - mean f) + sp(-(f - mean r))": lambda r, f: (
        softplus(r - f.mean()) + softplus(-(f - r.mean()))
    ),
}


@pytest.mark.parametrize("name", adversarial.names())
def test_the_formulas_are_what_is_computed(name):
    loss = adversarial.get(name)
    r, f = np.random.default_rng(0).normal(size=[2, 5])
    of_d, of_g = (FORMULAS[formula] for formula in loss.formulas)
    d = sum(np.asarray(term) for term in loss.discriminator(r[:, None], f[:, None]).values())
    np.testing.assert_allclose(d, of_d(r, f), rtol=1e-5, atol=1e-6)
    g = loss.generator(f[:, None], r[:, None])
    np.testing.assert_allclose(g, of_g(r, f), rtol=1e-5, atol=1e-6)
