"""What the papers say of each system: counts, limiting values, which gradient reaches whom."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import flat
from tfgan_suite.models import GAN, LSGAN, CycleGAN, cyclegan
from tfgan_suite.networks import build_pair


def constant_critic(value, shape=(2,)):
    """A discriminator that says `value` of everything."""
    inputs = keras.Input(shape)
    logits = keras.layers.Dense(
        1, kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(value)
    )(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, logits)


def mlp(outputs=2):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(outputs)])


def mlp_critic():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


def two_inputs():
    inputs = [keras.Input((4,)), keras.Input((3,))]
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Concatenate()(inputs)))


def of_unknown_size():
    inputs = keras.Input((4,))
    points = keras.layers.Lambda(lambda x: tf.reshape(x, [-1, 2, 2]), output_shape=(None, 2))
    return keras.Model(inputs, points(inputs))


@keras.saving.register_keras_serializable("tests")
class Subclass(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(2)

    def call(self, inputs):
        return self.dense(inputs)


def called_subclass():
    network = Subclass()
    network(np.zeros((1, 4), np.float32))
    return network


def losses(model, num=8):
    """The untrained losses as `test_on_batch` measures them."""
    model.compile()
    return model.test_on_batch(testing.random_batch(model, num), return_dict=True)


# GAN


@pytest.mark.parametrize(
    ("loss", "expected"), [("non_saturating", 0.693147), ("minimax", -0.693147)]
)
def test_gan_at_chance(loss, expected):
    logs = losses(GAN(mlp(), constant_critic(0.0), loss=loss))
    total = logs["discriminator/real"] + logs["discriminator/fake"]
    np.testing.assert_allclose(total, 1.386294, rtol=1e-6)
    np.testing.assert_allclose(logs["generator/adversarial"], expected, rtol=1e-6)


def test_gan_penalties_come_with_their_weights():
    # The gradient of w . x is w everywhere.
    critic = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    critic.layers[0].kernel.assign([[3.0], [4.0]])
    logs = losses(GAN(mlp(), critic, gradient_penalty=10.0, r1=2.0, r2=4.0))
    np.testing.assert_allclose(logs["discriminator/gradient_penalty"], 10 * 16, rtol=1e-5)
    np.testing.assert_allclose(logs["discriminator/r1"], 1 * 25, rtol=1e-5)
    np.testing.assert_allclose(logs["discriminator/r2"], 2 * 25, rtol=1e-5)


def test_gan_samples_are_functions_of_their_seed_alone():
    model = models.build({"name": "dcgan", "preset": "tiny"})
    together = model.sample([5, 6, 7])
    served = model.signatures()["serving_default"](seed=np.array([5, 6, 7]))["images"]
    np.testing.assert_allclose(together, served, atol=1e-6)
    np.testing.assert_allclose(model.sample([6])[0], together[1], atol=1e-6)
    assert not np.allclose(together[0], together[1])


def test_gan_trains_with_a_loss_that_pairs_real_and_fake():
    model = GAN(mlp(), mlp_critic(), loss="relativistic")
    logs = losses(model)
    assert {"discriminator/pair", "generator/adversarial"} <= logs.keys()
    model.train_on_batch(testing.random_batch(model, 8))


def test_gan_learns_a_gaussian():
    keras.utils.set_random_seed(0)
    pair = {
        "name": "mlp",
        "sample_shape": [1],
        "latent_size": 8,
        "generator_hidden_units": [32, 32],
        "discriminator_hidden_units": [32, 32],
        "output_activation": None,
    }
    model = GAN(networks=pair, ema_half_life=16_000.0)
    model.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), steps_per_execution=50)
    data = np.random.default_rng(0).normal(3.0, 0.5, (128 * 500, 1)).astype(np.float32)
    model.fit(data, batch_size=128, epochs=5, verbose=0)
    latents = np.random.default_rng(1).normal(size=(4000, 8)).astype(np.float32)
    samples = model.predict(latents, batch_size=1000, verbose=0)
    assert abs(samples.mean() - 3.0) < 0.2
    assert 0.2 < samples.std() < 0.8


@pytest.mark.parametrize(
    ("generator", "discriminator", "message"),
    [
        (mlp(3), constant_critic(0.0), r"\(3,\) and the discriminator takes \(2,\)"),
        (keras.Sequential([keras.layers.Dense(2)]), constant_critic(0.0), "built keras.Model"),
        ("mlp", constant_critic(0.0), "Received: 'mlp'"),
        (two_inputs(), constant_critic(0.0), r"generator takes several tensors"),
        (mlp(), two_inputs(), r"discriminator takes several tensors"),
        (called_subclass(), constant_critic(0.0), r"Wrap it: .*generator = keras.Model\("),
        (of_unknown_size(), constant_critic(0.0), r"shape \(None, 2\), of no known size"),
    ],
)
def test_gan_refuses_networks_that_do_not_fit(generator, discriminator, message):
    with pytest.raises(UserInputError, match=message):
        GAN(generator, discriminator)


def test_gan_takes_a_subclass_wrapped_as_the_error_says():
    inputs = keras.Input((4,))
    model = GAN(keras.Model(inputs, called_subclass()(inputs)), constant_critic(0.0))
    assert model.sample(range(3)).shape == (3, 2)


@pytest.mark.parametrize("seeds", [5, [0.5], np.zeros((3, 4), np.float32), [[1, 2]], []])
def test_gan_samples_of_seeds_only(seeds):
    with pytest.raises(UserInputError, match="range\\(5\\) for five"):
        GAN(mlp(), mlp_critic()).sample(seeds)


def ends_in(*layers):
    return keras.Sequential([keras.Input((12, 12, 3)), keras.layers.Conv2D(1, 4), *layers])


def nested(network):
    inputs = keras.Input((12, 12, 3))
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(network(inputs)))


def applied(function):
    network = ends_in()
    return keras.Model(network.inputs, function(network.outputs[0]))


@pytest.mark.parametrize(
    ("discriminator", "activation"),
    [
        (ends_in(keras.layers.Flatten(), keras.layers.Dense(1, activation="sigmoid")), "sigmoid"),
        (ends_in(keras.layers.Activation("hard_sigmoid")), "hard_sigmoid"),
        (ends_in(keras.layers.Softmax(), keras.layers.Reshape((9, 9))), "softmax"),
        (nested(ends_in(keras.layers.Activation("sigmoid"))), "sigmoid"),
        (applied(keras.ops.sigmoid), "sigmoid"),
    ],
)
def test_a_discriminator_of_probabilities_is_refused(discriminator, activation):
    generator = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(432), keras.layers.Reshape((12, 12, 3))]
    )
    message = f"discriminator.* ends in '{activation}'; expected logits"
    for cls in (GAN, LSGAN):
        with pytest.raises(UserInputError, match=message):
            cls(generator, discriminator)
    with pytest.raises(UserInputError, match="discriminator_b ends in"):
        CycleGAN(discriminator_b=discriminator, filters=4, discriminator_filters=4)


@pytest.mark.parametrize("layers", [[], [keras.layers.Activation("linear")]])
def test_a_discriminator_of_logits_may_have_squashing_layers_within(layers):
    inner = [keras.layers.Activation("sigmoid"), keras.layers.Flatten(), keras.layers.Dense(1)]
    generator = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(432), keras.layers.Reshape((12, 12, 3))]
    )
    GAN(generator, ends_in(*inner, *layers))


# DCGAN


@pytest.mark.parametrize(
    ("preset", "generator", "discriminator"),
    [("paper_64", 18_885_760, 17_232_768), ("torch_64", 3_576_704, 2_765_568)],
)
def test_dcgan_parameter_counts(preset, generator, discriminator):
    model = models.build({"name": "dcgan", "preset": preset})

    def trainable(network):
        return sum(int(np.prod(v.shape)) for v in network.trainable_variables)

    assert trainable(model.generator) == generator
    assert trainable(model.discriminator) == discriminator


def test_dcgan_untrained_losses_are_near_chance():
    logs = losses(models.build({"name": "dcgan", "preset": "tiny"}))
    total = logs["discriminator/real"] + logs["discriminator/fake"]
    assert abs(total - 1.386) < 0.3
    assert abs(logs["generator/adversarial"] - 0.693) < 0.3


def test_dcgan_real_scores_do_not_see_the_fake_batch():
    model = models.build({"name": "dcgan", "preset": "tiny"})
    real = testing.random_batch(model, 8)["image"]
    rng = np.random.default_rng(0)
    scores = []
    for _ in range(2):
        latents = rng.uniform(-1, 1, (8, 8)).astype(np.float32)
        loss = model.discriminator_loss(real, latents, tf.zeros([8]), training=True)
        scores.append(loss.monitors)
    np.testing.assert_array_equal(scores[0]["real_score"], scores[1]["real_score"])
    assert not np.array_equal(scores[0]["fake_score"], scores[1]["fake_score"])


# LSGAN


@pytest.mark.parametrize(
    ("labels", "says", "d_loss", "g_loss"),
    [("zero_one", 0.5, 0.25, 0.125), ("pearson", 0.0, 1.0, 0.0), ((-2, 2, 1), 0.0, 4.0, 0.5)],
)
def test_lsgan_limiting_values(labels, says, d_loss, g_loss):
    logs = losses(LSGAN(mlp(), constant_critic(says), labels=labels))
    total = logs["discriminator/real"] + logs["discriminator/fake"]
    np.testing.assert_allclose(total, d_loss, atol=1e-7)
    np.testing.assert_allclose(logs["generator/adversarial"], g_loss, atol=1e-7)


@pytest.mark.parametrize(
    ("labels", "message"), [("zero_on", "Did you mean 'zero_one'"), ((1, 2), r"\(1, 2\)")]
)
def test_lsgan_refuses_labels(labels, message):
    generator, discriminator = build_pair("mixture", latent_size=4)
    with pytest.raises(UserInputError, match=message):
        LSGAN(generator, discriminator, labels=labels)


# CycleGAN


def tiny_cyclegan(**arguments):
    return models.build({"name": "cyclegan", "preset": "tiny", **arguments})


@pytest.mark.parametrize("term", ["cycle_a", "cycle_b"])
def test_cyclegan_each_cycle_term_reaches_both_translators(term):
    model = tiny_cyclegan()
    a, b = testing.random_batch(model, 2).values()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model.generators_loss(a, b).terms[term])
    networks = (model.generator_ab, model.generator_ba)
    variables = [network.trainable_variables[0].value for network in networks]
    for gradient in tape.gradient(loss, variables):
        assert float(tf.norm(gradient)) > 0


def test_cyclegan_values_of_an_undecided_discriminator():
    model = tiny_cyclegan()
    for discriminator in (model.discriminator_a, model.discriminator_b):
        kernel, bias = discriminator.layers[-1].weights
        kernel.assign(tf.zeros(kernel.shape))
        bias.assign(tf.fill(bias.shape, 0.5))
    logs = losses(model)
    for domain in "ab":
        total = logs[f"discriminators/real_{domain}"] + logs[f"discriminators/fake_{domain}"]
        np.testing.assert_allclose(total, 0.25, rtol=1e-6)
        np.testing.assert_allclose(logs[f"generators/adversarial_{domain}"], 0.25, rtol=1e-6)


def test_cyclegan_parameter_counts_and_map():
    model = CycleGAN(image_size=256, norm_bias=True)
    blocks_9 = model.generator_ab.count_params()
    blocks_6 = CycleGAN(image_size=128, norm_bias=True).generator_ab.count_params()
    assert (blocks_6, blocks_9) == (7_837_699, 11_378_179)
    assert model.discriminator_a.count_params() == 2_764_737
    assert model.discriminator_b.output_shape == (None, 30, 30, 1)
    readme = Path(cyclegan.__file__).with_name("README.md").read_text()
    assert f"6 blocks, 9 from 256 pixels on ({blocks_6:,} and {blocks_9:,}" in readme


def test_cyclegan_translators_for_small_images():
    small = {"filters": 4, "num_blocks": 1, "discriminator_filters": 4, "discriminator_layers": 1}
    options = {"num_downsamplings": 0, "translator_norm": "none"}
    model = CycleGAN(image_size=16, **small, **options)
    saved = model.get_config()
    for network in (model.generator_ab, CycleGAN.from_config(saved).generator_ba):
        names = [layer.name for layer in network.layers]
        assert not [name for name in names if name.startswith("down") or name.endswith("norm")]
    # A config from before these options existed means the paper's networks.
    before = {name: value for name, value in saved.items() if name not in options}
    paper = CycleGAN(image_size=16, **small).generator_ab.count_params()
    assert CycleGAN.from_config(before).generator_ab.count_params() == paper


def test_cyclegan_domains_may_differ_in_channels_without_identity():
    with pytest.raises(UserInputError, match="Set identity_weight=0"):
        tiny_cyclegan(channels_b=1)
    model = tiny_cyclegan(channels_b=1, identity_weight=0.0)
    model.compile()
    a, b = testing.random_batch(model, 4).values()
    logs = model.train_on_batch(a, b, return_dict=True)
    assert not any("identity" in name for name in logs)
    assert model.translate(a).shape == (4, 16, 16, 1)
    grid = model.draw(2, examples={"a": a, "b": b})
    assert (grid.images.shape, grid.columns) == ((12, 16, 16, 3), 6)


@pytest.mark.parametrize("size", [18, (16, 30)])
def test_cyclegan_sizes_must_be_divisible_by_four(size):
    with pytest.raises(UserInputError, match="4"):
        tiny_cyclegan(image_size=size)


def image_network(channels_in, channels_out, activation=None, size=12):
    """A single convolution on images of 12 x 12: no size that the paper's networks take."""
    return keras.Sequential(
        [
            keras.Input((size, size, channels_in)),
            keras.layers.Conv2D(channels_out, 3, padding="same", activation=activation),
        ]
    )


def cyclegan_of_own_networks(**arguments):
    networks = {
        "generator_ab": image_network(3, 1, "tanh"),
        "generator_ba": image_network(1, 3, "tanh"),
        "discriminator_a": image_network(3, 1),
        "discriminator_b": image_network(1, 1),
    }
    return CycleGAN(**{"identity_weight": 0.0, "pool_size": 12, **networks, **arguments})


@pytest.mark.slow
def test_cyclegan_takes_anybodys_networks(tmp_path):
    model = cyclegan_of_own_networks()
    assert [f.shape for f in flat(model.batch_spec()).values()] == [(12, 12, 3), (12, 12, 1)]
    assert model.translate(np.zeros((2, 12, 12, 1), np.float32), "b_to_a").shape == (2, 12, 12, 3)
    testing.check_only_own_weights_move(cyclegan_of_own_networks)
    testing.check_replicas_agree(cyclegan_of_own_networks)
    testing.check_resume_is_exact(cyclegan_of_own_networks, tmp_path / "checkpoints")
    testing.check_servable(cyclegan_of_own_networks, tmp_path / "servable")
    testing.check_keras_file_round_trip(
        lambda: cyclegan_of_own_networks(ema_half_life=100.0), tmp_path / "model.keras"
    )


def test_cyclegan_builds_the_networks_that_are_not_given(tmp_path):
    def make_model():
        translators = [image_network(3, 3, "tanh", size=None) for _ in range(2)]
        return CycleGAN(
            image_size=(16, 20),
            discriminator_filters=4,
            discriminator_layers=1,
            pool_size=12,
            generator_ab=translators[0],
            generator_ba=translators[1],
        )

    assert make_model().discriminator_b.input_shape == (None, 16, 20, 3)
    testing.check_keras_file_round_trip(make_model, tmp_path / "model.keras")


ONE_NETWORK = image_network(3, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"generator_ab": image_network(3, 3)},
            r"generator_ba takes .* \(12, 12, 1\), .* B are \(12, 12, 3\)",
        ),
        (
            {"generator_ba": image_network(1, 1)},
            r"generator_ba makes .* \(12, 12, 1\), .* A are \(12, 12, 3\)",
        ),
        ({"discriminator_b": image_network(1, 1, size=8)}, r"discriminator_b takes .* \(8, 8, 1"),
        ({"image_size": 16}, r"generator_ab takes .* \(12, 12, 3\), .* \(16, 16, 3\)"),
        ({"identity_weight": 5.0}, "Set identity_weight=0"),
        ({"discriminator_a": "patchgan"}, "discriminator_a must be .* Received: 'patchgan'"),
        ({"generator_ab": keras.Sequential([keras.layers.Conv2D(1, 3)])}, "built keras.Model"),
        ({"generator_ba": two_inputs()}, "generator_ba takes several tensors"),
        ({"discriminator_b": called_subclass()}, "discriminator_b = keras.Model"),
        ({"discriminator_a": mlp()}, r"discriminator_a takes \(None, 4\)"),
        ({"generator_ab": ONE_NETWORK, "generator_ba": ONE_NETWORK}, "one of them twice"),
    ],
)
def test_cyclegan_refuses_networks_that_do_not_fit(arguments, message):
    with pytest.raises(UserInputError, match=message):
        cyclegan_of_own_networks(**arguments)


@pytest.mark.slow
def test_cyclegan_moves_colour_and_keeps_place():
    """Red squares on black to blue ones."""
    rng = np.random.default_rng(0)

    def squares(channel, num=256):
        images = -np.ones((num, 16, 16, 3), np.float32)
        for image, (y, x) in zip(images, rng.integers(1, 9, (num, 2)), strict=True):
            image[y : y + 6, x : x + 6, channel] = 1.0
        return images

    keras.utils.set_random_seed(0)
    model = tiny_cyclegan(
        filters=8,
        num_blocks=2,
        discriminator_filters=16,
        discriminator_layers=2,
        activation="relu",
    )
    model.compile(CycleGAN.recipe(learning_rate=1e-3), jit_compile=True)
    red, blue = squares(0), squares(2)
    model.fit(red, blue, batch_size=8, epochs=12, verbose=0)
    made = model.translate(red[:16])
    square = red[:16, :, :, 0] > 0
    assert made[..., 2][square].mean() > 0.5
    assert made[..., 0][square].mean() < -0.8
    overlap = (made[..., 2] > 0) & square
    assert overlap.sum() / ((made[..., 2] > 0) | square).sum() > 0.75
    assert np.abs(model.translate(made, "b_to_a") - red[:16]).mean() < 0.05


def test_cyclegan_tells_networks_of_one_name_apart():
    def translator(factor):
        return keras.Sequential(
            [keras.Input((16, 16, 3)), keras.layers.Rescaling(factor)], name="translator"
        )

    model = CycleGAN(
        generator_ab=translator(2.0),
        generator_ba=translator(3.0),
        discriminator_filters=4,
        discriminator_layers=1,
    )
    images = np.ones((2, 16, 16, 3), np.float32)
    assert (model.translate(images, "a_to_b") == 2).all()
    assert (model.translate(images, "b_to_a") == 3).all()
