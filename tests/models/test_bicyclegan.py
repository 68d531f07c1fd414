"""Values of the paper that BicycleGAN has to hold, and which loss moves whom."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import BicycleGAN
from tfgan_suite.models.bicyclegan.networks import residual_encoder


def tiny(**arguments):
    return models.build({"name": "bicyclegan", "preset": "tiny", **arguments})


def inputs(model, num=2, seed=0):
    batch = testing.random_batch(model, num, seed)
    rng = np.random.default_rng(seed)
    epsilon, z = tf.constant(rng.normal(size=(2, num, model.latent_size)), tf.float32)
    return tf.constant(batch["a"][:num]), tf.constant(batch["b"][:num]), epsilon, z


def without_opinion(model):
    """Both discriminators give 0 at both sizes."""
    for discriminator in (model.discriminator_encoded, model.discriminator_random):
        for scale in (0, 1):
            logits = discriminator.get_layer(f"scale_{scale}").get_layer("logits")
            logits.set_weights([np.zeros_like(w) for w in logits.get_weights()])
    return model


def test_networks_have_the_papers_shape():
    model = BicycleGAN(**models.presets("bicyclegan")["paper_256"])
    assert model.encoder.output_shape == [(None, 8), (None, 8)]
    assert model.encoder.get_layer("last_leaky_relu").output.shape[1:] == (8, 8, 256)
    maps = model.discriminator_encoded.output_shape
    assert maps == model.discriminator_random.output_shape == [(None, 30, 30, 1), (None, 14, 14, 1)]
    assert model.discriminator_encoded.get_layer("scale_1").layers[2].filters == 32
    channels = [3, 64, 128, 256, 512, 512, 512, 512]
    for index, size in enumerate(channels):
        kernel = model.generator.get_layer(f"down_{index}_convolution").kernel
        assert kernel.shape[2] == size + 8


def test_losses_without_opinion():
    """Least squares, not halved, summed over two sizes: 2 x 1 for G, 2 x (1 + 0) for each D."""
    model = without_opinion(tiny())
    model.compile(run_eagerly=True)
    logs = model.test_on_batch(testing.random_batch(model, 4), return_dict=True)
    for branch in ("encoded", "random"):
        np.testing.assert_allclose(logs[f"translators/adversarial_{branch}"], 2.0, rtol=1e-6)
        for scale in (0, 1):
            assert logs[f"discriminators/real_{branch}_{scale}"] == 1.0
            assert logs[f"discriminators/fake_{branch}_{scale}"] == 0.0


@pytest.mark.parametrize(("mean", "expected"), [(0.0, 0.0), (1.0, 0.01 * 0.5 * 8)])
def test_the_divergence_is_summed_over_the_latents(mean, expected):
    """At log variance 0; of the authors' two examples with mean 1 the sum is 0.08."""
    model = tiny(latent_size=8)
    for head, value in (("mean", mean), ("log_variance", 0.0)):
        layer = model.encoder.get_layer(head)
        layer.kernel.assign(tf.zeros_like(layer.kernel))
        layer.bias.assign(tf.fill(layer.bias.shape, value))
    terms = model.translators_loss(*inputs(model)).terms
    np.testing.assert_allclose(terms["kl"], [expected] * 2, atol=1e-7)


def test_the_latent_term_moves_the_generator_alone():
    model = tiny(dropout=0)
    networks = {"generator": model.generator, "encoder": model.encoder}
    variables = {name: [v.value for v in n.trainable_variables] for name, n in networks.items()}
    with tf.GradientTape(persistent=True) as tape:
        terms = model.translators_loss(*inputs(model)).terms
        of_encoding = tf.add_n([terms[name] for name in ("l1", "kl", "adversarial_encoded")])

    def moved(term, name):
        return [g is not None and bool(tf.reduce_any(g != 0))
                for g in tape.gradient(term, variables[name])]  # fmt: skip

    assert not any(moved(terms["latent"], "encoder"))
    assert not any(moved(terms["adversarial_random"], "encoder"))
    assert all(moved(terms["latent"], "generator"))
    assert any(moved(of_encoding, "encoder")) and any(moved(terms["kl"], "encoder"))


def test_the_latent_term_asks_the_encoder_for_its_mean():
    model = tiny(dropout=0)
    a, b, epsilon, z = inputs(model)
    told, _ = model.encoder(model.generator([a, z]))
    terms = model.translators_loss(a, b, epsilon, z).terms
    np.testing.assert_allclose(
        terms["latent"], 0.5 * np.abs(told - z).mean(axis=1), rtol=1e-4, atol=1e-6
    )


def test_latents_have_the_deviation_that_the_encoder_says():
    """Its generator shows what latents it got: made of one b by many draws."""
    model = tiny()
    layer = model.encoder.get_layer("log_variance")
    layer.bias.assign(tf.fill(layer.bias.shape, -1.0))
    layer.kernel.assign(tf.zeros_like(layer.kernel))
    a, b, _, _ = inputs(model, 1)
    a, b = (tf.repeat(x, 4000, axis=0) for x in (a[:, :16, :16], b))
    seen = []
    model.generator = lambda given, training: seen.append(given[1]) or given[0]
    epsilon = tf.constant(np.random.default_rng(0).normal(size=(4000, 4)), tf.float32)
    model.translators_loss(a, b, epsilon, epsilon)
    np.testing.assert_allclose(np.std(seen[0], axis=0).mean(), np.exp(-0.5), rtol=0.02)


def test_the_discriminator_of_random_answers_sees_other_real_images():
    model = tiny()
    seen = []
    loss = model.discriminators_loss

    def spy(a, b, encoded, other_a, other_b, random, training=True):
        seen.append((b.numpy(), other_b.numpy()))
        return loss(a, b, encoded, other_a, other_b, random, training=training)

    model.discriminators_loss = spy
    model.compile(run_eagerly=True)
    batch = testing.random_batch(model, 2)
    model.train_on_batch(batch)
    np.testing.assert_array_equal(np.concatenate(seen[0]).sum(), batch["b"].sum())
    assert np.abs(seen[0][0] - seen[0][1]).max() > 0.1


def test_answers_are_functions_of_the_image_and_the_seed_or_latents():
    model = tiny()
    a, b, _, _ = (np.asarray(x) for x in inputs(model, 1))
    made = model.translate(np.repeat(a, 3, axis=0), [5, 6, 5])
    np.testing.assert_array_equal(made[0], made[2])
    assert np.abs(made[0] - made[1]).max() > 1e-6
    latents = model.encode(b)
    assert latents.shape == (1, 4)
    np.testing.assert_allclose(
        model.predict({"images": a, "latents": latents}, verbose=0),
        model.translate_with(a, latents),
        atol=1e-6,
    )
    assert set(model.signatures()) == {"serving_default", "png", "from_latents", "encode"}


def test_conditional_discriminators_see_a():
    for conditional in (True, False):
        model = tiny(conditional=conditional)
        a, b, _, _ = inputs(model)
        scores = [
            model._judge(model.discriminator_encoded, x, b, True)[1].numpy() for x in (a, a[::-1])
        ]
        assert np.array_equal(*scores) != conditional


def test_no_bias_of_the_encoder_is_in_front_of_a_norm_alone():
    """A true gradient of 0, of which Adam would make steps of rounding."""
    encoder = residual_encoder(16, filters=4, num_blocks=2)
    used = {layer.name: layer.use_bias for layer in encoder.layers if hasattr(layer, "kernel")}
    assert sorted(name for name, biased in used.items() if not biased) == [
        "block_0_a_convolution",
        "block_1_a_convolution",
    ]


def test_encoder_refuses_sizes_that_it_cannot_halve():
    with pytest.raises(UserInputError, match="multiple of 32.*Received: 48 x 48"):
        residual_encoder(48)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent_size": 0}, "latent_size must be a whole number"),
        ({"kl_weight": -1}, "kl_weight must be a number"),
        ({"latents_into": "none"}, 'must be "all" or "input"'),
        ({"image_size": 32}, "image_size=32 must be at least 48 for discriminator_layers=3"),
        ({"discriminator_layers": 6}, "discriminator_layers must be a whole number"),
        ({"image_size": None}, "must be known"),
        ({"image_size": [32, "x"]}, "whole numbers from 1; received .*'x'"),
        ({"encoder_blocks": "x"}, "encoder_blocks must be a whole number"),
        ({"translator_norm": "batch"}, '`norm` must be "instance" or "none"'),
        ({"dropout": "x"}, "`rate` must be at least 0 and below 1; received 'x'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UserInputError, match=message):
        BicycleGAN(**{"filters": 1, "encoder_blocks": 1, "discriminator_filters": 1, **arguments})
