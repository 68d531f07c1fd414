"""DiscoGAN against its paper and the authors' code."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.models import DiscoGAN
from tfgan_suite.models.discogan.networks import encoder_decoder

LN2 = np.log(2)


def points(**arguments):
    small = {"point_size": 2, "hidden_units": (8,), "discriminator_hidden_units": (8, 8, 8)}
    return DiscoGAN(**{**small, **arguments})


def some(num=8, seed=0):
    return np.random.default_rng(seed).normal(size=(num, 2)).astype(np.float32)


def silence(model):
    """Logits of 0 and features of 0 everywhere."""
    for network in (model.discriminator_a, model.discriminator_b):
        network.set_weights([np.zeros_like(w) for w in network.get_weights()])


def test_the_authors_sizes():
    generator = encoder_decoder()
    sizes = {layer.name: layer.output.shape[1:] for layer in generator.layers}
    assert sizes["down_4"] == (4, 4, 512) and sizes["up_64"] == (64, 64, 3)
    assert encoder_decoder(code_size=100).get_layer("code").output.shape[1:] == (1, 1, 100)
    model = DiscoGAN(filters=8)
    logit, *features = model.discriminator_b.outputs
    assert logit.shape == (None, 1)
    assert [f.shape[1:] for f in features] == [(16, 16, 16), (8, 8, 32), (4, 4, 64)]


def test_losses_at_chance():
    """A logit of 0: ln 2 for each score; the code halves D's."""
    for objective, weight in (("paper", 1.0), ("code", 0.5)):
        model = points(objective=objective)
        silence(model)
        terms = model.discriminators_loss(some(), some(seed=1)).terms
        assert set(terms) == {"real_a", "fake_a", "real_b", "fake_b"}
        for term in terms.values():
            np.testing.assert_allclose(term, np.full(8, weight * LN2), rtol=1e-6)
        terms = model.generators_loss(some(), some(seed=1), 0.25).terms
        expected = LN2 if objective == "paper" else 0.75 * 0.1 * LN2
        np.testing.assert_allclose(terms["adversarial_b"], np.full(8, expected), rtol=1e-6)
        undone = model.generator_ba(model.generator_ab(some())).numpy()
        squares = ((undone - some()) ** 2).mean(1) * (1 if objective == "paper" else 0.25)
        np.testing.assert_allclose(terms["reconstruction_a"], squares, rtol=1e-5)


def test_features_of_equal_batches_match():
    model = points(matching_group_size=4)
    features = model.discriminator_b(some())[1:]
    np.testing.assert_allclose(model.feature_matching(features, features), np.zeros(8), atol=1e-9)
    others = model.discriminator_b(some(seed=1))[1:]
    found = model.feature_matching(features, others).numpy()
    for rows in (slice(0, 4), slice(4, 8)):
        expected = sum(
            ((np.mean(real[rows], 0) - np.mean(fake[rows], 0)) ** 2).mean()
            for real, fake in zip(features, others, strict=True)
        )
        np.testing.assert_allclose(found[rows], np.full(4, expected), rtol=1e-4)


def test_images_are_compared_as_those_from_0_to_1():
    model = DiscoGAN(**DiscoGAN.presets["tiny"])
    assert model.reconstruction_weight == 0.25 and points().reconstruction_weight == 1.0


def test_the_curriculum_is_by_images():
    model = points(objective="code", curriculum_images=640)
    for images, rate in ((0, 0.01), (639, 0.01), (640, 0.5)):
        model.images_seen.assign(images)
        assert float(model.reconstruction_rate()) == pytest.approx(rate)


@pytest.mark.parametrize(
    "relation, moved",
    [("discogan", (True, True)), ("recongan", (True, True)), ("gan", (True, False))],
)
def test_controls_train_what_they_should(relation, moved):
    """One direction leaves the other's adversary out; a plain GAN has no way back."""
    model = points(relation=relation)
    with tf.GradientTape() as tape:
        terms = model.generators_loss(some(), some(seed=1), 1.0).terms
        total = tf.add_n(list(terms.values()))
    one_way = {"adversarial_b", "reconstruction_a"}
    expected = {"gan": {"adversarial_b"}, "recongan": one_way}
    assert set(terms) == expected.get(relation, one_way | {"adversarial_a", "reconstruction_b"})
    networks = (model.generator_ab, model.generator_ba)
    gradients = tape.gradient(total, [n.trainable_variables[0].value for n in networks])
    assert tuple(g is not None for g in gradients) == moved
    scored = model.discriminators_loss(some(), some(seed=1)).terms
    assert ("real_a" in scored) == (relation == "discogan")


def test_each_third_step_moves_the_discriminators():
    model = points(discriminator_every=3)
    model.compile(jit_compile=False)
    moves = []
    for _ in range(4):
        before = [int(model.optimizers[p].iterations.numpy()) for p in sorted(model.optimizers)]
        model.train_on_batch((some(), some(seed=1)))
        after = [int(model.optimizers[p].iterations.numpy()) for p in sorted(model.optimizers)]
        moves.append(tuple(np.subtract(after, before)))
    assert moves == [(1, 0), (0, 1), (0, 1), (1, 0)]


def test_weight_decay_is_that_of_pytorchs_adam():
    """Its gradient is weight_decay times the weights."""
    model = points(weight_decay=0.3)
    for variable in model.generator_ab.trainable_variables:
        with tf.GradientTape() as tape:
            penalty = variable.regularizer(variable.value)
        gradient = tape.gradient(penalty, variable.value)
        np.testing.assert_allclose(gradient, 0.3 * variable.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"objective": "papers"}, "objective"),
        ({"relation": "cyclegan"}, "relation"),
        ({"rate": 2.0}, "rate"),
        ({"discriminator_every": 0}, "discriminator_every"),
        ({"point_size": None, "image_size": 30}, "image_size"),
        ({"point_size": None, "image_size": [32]}, "image_size"),
        ({"point_size": None, "code_size": 0}, "code_size must be a whole number"),
        ({"point_size": None, "batch_norm_group_size": "x"}, "group_size"),
        ({"hidden_units": []}, r"hidden_units must be a list of one or more .* not \[\]"),
        ({"hidden_units": 0}, "hidden_units must be a list .* not 0"),
        ({"discriminator_hidden_units": ["x"]}, "Each of discriminator_hidden_units .* not 'x'"),
        ({"seed": "x"}, "seed is a whole number. Received: 'x'"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises(UserInputError, match=words):
        points(**arguments)
