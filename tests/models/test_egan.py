"""Values of specs and papers that EGAN has to hold."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import EGAN, GAN
from tfgan_suite.models.egan import mutations
from tfgan_suite.training import Snapshot


def tiny(**arguments):
    return models.build({"name": "egan", "preset": "tiny", **arguments})


@pytest.mark.parametrize(
    ("name", "expected"), [("minimax", -0.693147), ("heuristic", 0.693147), ("least_squares", 0.25)]
)
def test_mutations_at_chance(name, expected):
    np.testing.assert_allclose(mutations.get(name)(np.zeros((4, 1))), [expected] * 4, rtol=1e-5)


def test_mutations_can_be_registered():
    @mutations.register_mutation("raise")
    def up(logits):
        return -logits[:, 0]

    model = tiny(mutations=["raise"], survivors=1)
    model.compile()
    assert "generator/raise" in model.train_on_batch(testing.random_batch(model), return_dict=True)


def logistic(weights):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    network.set_weights([np.asarray(weights[:2], np.float32)[:, None], np.float32([weights[2]])])
    return network


def rated(model, real, fakes):
    """Quality and diversity of these fakes."""

    class Rates(EGAN):
        def train_step(self, batch):
            quality, diversity = self.fitness("generator", batch["point"], batch["point"][:, None])
            self.log({"quality": quality, "diversity": diversity})
            return self.step_logs()

        def environment_loss(self, network, real, latents, training=True):
            return super().environment_loss(lambda z, training: tf.constant(fakes), real, latents)

    rates = Rates(model.generator, model.discriminator, diversity_weight=model.diversity_weight)
    rates.compile()
    logs = rates.train_on_batch(real, return_dict=True)
    return logs["quality"], logs["diversity"]


def test_diversity_is_the_gradient_norm_of_a_logistic_discriminator():
    weights = np.array([0.3, -0.7, 0.2])
    model = EGAN(
        logistic([1, 0, 0]) and keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]),
        logistic(weights),
    )
    rng = np.random.default_rng(0)
    real, fakes = rng.normal(size=(2, 8, 2)).astype(np.float32)

    def loss(weights):
        def score(x):
            return x @ weights[:2] + weights[2]

        return np.log1p(np.exp(-score(real))).mean() + np.log1p(np.exp(score(fakes))).mean()

    step = 1e-5
    gradient = [
        (loss(weights + step * unit) - loss(weights - step * unit)) / (2 * step)
        for unit in np.eye(3)
    ]
    quality, diversity = rated(model, real, fakes)
    np.testing.assert_allclose(diversity, -np.log(np.linalg.norm(gradient)), rtol=1e-4)
    score = fakes @ weights[:2] + weights[2]
    np.testing.assert_allclose(quality, (1 / (1 + np.exp(-score))).mean(), rtol=1e-5)


def test_a_larger_gradient_is_less_diverse():
    model = EGAN(keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]), logistic([0, 0, 0]))
    real = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    far = np.full((8, 2), 3.0, np.float32)  # easy to tell apart
    assert rated(model, real, far)[1] < rated(model, real, real[::-1].copy())[1]


def scripted(fitness, **arguments):
    """A model whose children have these ratings, and what it did with them."""
    seen = {"before": [], "restored": []}

    class Scripted(EGAN):
        def fitness(self, player, real, latents):
            value = fitness[len(seen["before"])]
            seen["before"].append(self.snapshot(player))
            return tf.constant(value), tf.constant(0.0)

    keras.utils.set_random_seed(0)
    model = Scripted(networks={"name": "mixture", "latent_size": 2}, **arguments)
    model.compile(run_eagerly=True)
    model.train_on_batch(np.zeros((8, 2), np.float32))
    return model, seen["before"]


def first_kernel(snapshot):
    return snapshot.values[0].numpy()


@pytest.mark.parametrize(("survivors", "expected"), [(1, [1]), (2, [1, 5])])
def test_the_fittest_survive(survivors, expected):
    fitness = [1.0, 4.0, 2.0, 0.0, 1.5, 3.0][: 3 * survivors]
    model, children = scripted(fitness, survivors=survivors)
    for player, index in zip(model.survivors, expected, strict=True):
        np.testing.assert_array_equal(
            getattr(model, player).get_weights()[0], first_kernel(children[index])
        )


def test_children_begin_at_their_parent_and_not_at_each_other():
    model, children = scripted([1.0, 3.0, 2.0])
    assert len({first_kernel(child).tobytes() for child in children}) == 3
    # Adam's first step has the size of the learning rate, so each is one step from the parent.
    keras.utils.set_random_seed(0)
    parent = EGAN(networks={"name": "mixture", "latent_size": 2}).generator.get_weights()[0]
    for child in children:
        assert np.abs(first_kernel(child) - parent).max() < 2.1e-4
    assert int(model.generator_optimizer.iterations.numpy()) == 1


def test_with_one_mutation_it_is_a_plain_gan():
    states = []
    networks = {"name": "mixture", "latent_size": 2}
    for make in (
        lambda: EGAN(networks=networks, mutations=["heuristic"]),
        lambda: GAN(networks=networks),
    ):
        keras.utils.set_random_seed(0)
        model = make()
        model.compile(jit_compile=False)
        for seed in range(3):
            model.train_on_batch(testing.random_batch(model, 8, seed))
        states.append(testing.state_of(model))
    for name in ("generator", "discriminator", "generator_optimizer"):
        for a, b in zip(states[0][name], states[1][name], strict=True):
            np.testing.assert_array_equal(a, b)


def test_gamma_is_twice_the_beta_of_the_authors_code():
    model = tiny(survivors=1, diversity_weight=0.5)
    model.compile()
    logs = model.train_on_batch(testing.random_batch(model), return_dict=True)
    squares = np.exp(-2 * logs["fitness/diversity"])
    np.testing.assert_allclose(
        logs["fitness/total"], logs["fitness/quality"] - 0.25 * np.log(squares), rtol=1e-5
    )


def test_evaluate_rates_nobody_but_measures_all():
    model = tiny(evaluation_batches=3)
    model.compile()
    batch = testing.random_batch(model, 10)
    before = testing.state_of(model)
    logs = model.evaluate(batch, batch_size=8, verbose=0, return_dict=True)
    assert np.isfinite(list(logs.values())).all() and "fitness/total" in logs
    for name, values in testing.state_of(model).items():
        for a, b in zip(before[name], values, strict=True):
            np.testing.assert_array_equal(a, b)


def test_all_survivors_get_the_generators_optimizer():
    model = tiny(survivors=3)
    model.compile({"generator": keras.optimizers.SGD(0.5)})
    rates = {p: float(model.optimizers[p].learning_rate.numpy()) for p in model.survivors}
    assert set(rates.values()) == {0.5}


def test_weight_decay_is_no_part_of_the_diversity():
    def discriminator(regularizer):
        layer = keras.layers.Dense(1, kernel_regularizer=regularizer)
        network = keras.Sequential([keras.Input((2,)), layer])
        network.set_weights([np.float32([[0.3], [-0.7]]), np.float32([0.2])])
        return network

    real, fakes = np.random.default_rng(0).normal(size=(2, 8, 2)).astype(np.float32)
    generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    plain, decayed = (
        rated(EGAN(generator, discriminator(r)), real, fakes)
        for r in (None, keras.regularizers.L2(1))
    )
    np.testing.assert_allclose(plain, decayed, rtol=1e-6)


@pytest.mark.slow
def test_random_survivors_are_the_same_on_all_replicas():
    testing.check_replicas_agree(lambda: tiny(selection="random", survivors=2), steps=3)


def test_the_first_survivor_is_served():
    model = tiny(survivors=2)
    assert list(model.served_networks()) == ["generator"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mutations": []}, "at least one"),
        ({"mutations": ["minimax", "minimax"]}, "each once"),
        ({"mutations": ["heuristics"]}, "Did you mean 'heuristic'"),
        ({"survivors": 0}, "survivors must be a whole number from 1"),
        ({"selection": "best"}, "selection must be one of"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UserInputError, match=message):
        tiny(**arguments)


def test_survivors_share_the_batch_equally():
    model = tiny(critic_steps=1, survivors=2)
    model.compile()
    with pytest.raises(UserInputError, match="2 survivors cannot share 3 examples"):
        model.train_on_batch(testing.random_batch(model, 3))


def test_evaluate_takes_any_number_of_rows():
    model = tiny(survivors=2)
    model.compile()
    logs = [
        model.evaluate(testing.random_batch(model, num), verbose=0, return_dict=True)
        for num in (5, 6)
    ]
    assert logs[0].keys() == logs[1].keys()
    assert np.isfinite(list(logs[0].values())).all()


def test_choosing_keeps_the_order():
    snapshots = [Snapshot([tf.constant(float(i))]) for i in range(3)]
    assert float(Snapshot.choose(snapshots, tf.constant(1)).values[0]) == 1.0


def test_survivors_start_apart_where_the_initializer_has_a_seed():
    initializer = keras.initializers.GlorotUniform(seed=1)
    layer = keras.layers.Dense(2, kernel_initializer=initializer)
    generator = keras.Sequential([keras.Input((2,)), layer])
    model = EGAN(generator, logistic([0, 0, 0]), survivors=3)
    kernels = [getattr(model, survivor).get_weights()[0] for survivor in model.survivors]
    for i in range(3):
        assert not np.array_equal(kernels[i], kernels[i - 1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"mutations": None},
        {"mutations": [[]]},
        {"survivors": True},
        {"diversity_weight": float("nan")},
        {"r1": "x"},
        {"gradient_penalty": -1},
    ],
)
def test_arguments_are_checked(wrong):
    with pytest.raises(UserInputError, match=next(iter(wrong))):
        EGAN(networks={"name": "mixture", "latent_size": 2}, **wrong)


def test_children_are_rated_under_the_same_layer_noise():
    """Else the dropout of D would choose among children that are alike."""
    rated = []

    class Recording(EGAN):
        def select(self, children, fitness):
            rated.extend(np.array(fitness))
            super().select(children, fitness)

    networks = {"name": "mlp", "sample_shape": (2,), "latent_size": 2, "discriminator_dropout": 0.5}
    model = Recording(networks=networks, mutations=["heuristic", "minimax"])
    model.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    for _ in range(2):
        model.train_on_batch(np.ones((8, 2), np.float32))
    np.testing.assert_allclose(rated[0], rated[1], rtol=1e-5)
    assert not np.allclose(rated[0], rated[2], rtol=1e-3)  # the next step has noise of its own
