"""StyleGAN against its paper: counts, styles, mixing, truncation, noise."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import (
    AddNoise,
    Blur,
    EqualizedDense,
    InstanceNormalization,
    ModulatedConv2D,
    ScaleAndShift,
    TrackMean,
)
from tfgan_suite.models import StyleGAN
from tfgan_suite.models.stylegan.modulated import modulated_synthesis_network
from tfgan_suite.models.stylegan.networks import (
    mapping_network,
    style_layers_to,
    synthesis_network,
)

NUM_STYLES = 4  # of 8 pixels


def tiny(**arguments):
    """A model of 8 pixels from the beginning, whose noise and styles have an effect."""
    model = StyleGAN(
        **{**StyleGAN.presets["tiny"], "ema_half_life": None, "first_size": 8, **arguments}
    )
    for weight in model.synthesis.trainable_variables:
        if "strength" in weight.path:
            weight.assign(tf.fill(weight.shape, 0.3))
    return model


def latents(num=3, seed=0):
    return np.random.default_rng(seed).normal(size=(num, 8)).astype(np.float32)


def noise_of(model, num):
    return [tf.zeros([num, size, size, 1]) for _, size in model._noise_sizes()]


def test_the_generator_has_the_authors_count():
    parts = [testing.parameter_count(make) for make in (mapping_network, synthesis_network)]
    assert sum(parts) == 26_219_627


def test_a_style_sets_mean_and_deviation():
    x = tf.random.stateless_normal([2, 16, 16, 3], [0, 0]) * 5 + 2
    style = tf.random.stateless_normal([2, 6], [0, 1])
    y = ScaleAndShift()([InstanceNormalization(epsilon=1e-8)(x), style])
    np.testing.assert_allclose(tf.reduce_mean(y, [1, 2]), style[:, 3:], atol=1e-4)
    deviation = tf.math.reduce_std(y, [1, 2])
    np.testing.assert_allclose(deviation, tf.abs(style[:, :3] + 1), atol=1e-3)


def test_noise_is_without_effect_at_first():
    layer = AddNoise()
    x = tf.ones([2, 4, 4, 3])
    np.testing.assert_array_equal(layer([x, tf.random.normal([2, 4, 4, 1])]), x)


def test_the_mapping_moves_slowly():
    """Weights of deviation 100, of effective deviation sqrt(2 / fan-in)."""
    layer = EqualizedDense(512, learning_rate_multiplier=0.01)
    y = layer(np.random.default_rng(0).normal(size=(64, 512)).astype(np.float32))
    assert np.std(layer.kernel.numpy()) == pytest.approx(100, rel=0.01)
    assert np.std(y.numpy()) == pytest.approx(np.sqrt(2), rel=0.05)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(tf.ones([1, 512])))
    gradient = tape.gradient(loss, layer.kernel.value)
    np.testing.assert_allclose(gradient, 0.01 * np.sqrt(2 / 512), rtol=1e-5)


def test_the_mean_of_w_is_tracked():
    layer = TrackMean(momentum=0.5)
    for value in (2.0, 4.0):
        layer(tf.fill([3, 2], value), training=True)
    _, mean = layer(tf.zeros([5, 2]))
    np.testing.assert_allclose(mean, np.full((5, 2), 2.5))


def test_truncation_is_the_way_to_the_mean():
    model = tiny()
    model.mapping.get_layer("mean").moving_mean.assign(tf.range(8.0))
    mapped = model.mapping(latents())
    whole = model.truncated(mapped, tf.ones([3]))
    np.testing.assert_allclose(whole, np.repeat(mapped[0].numpy()[:, None], 4, axis=1), atol=1e-6)
    none = model.truncated(mapped, tf.zeros([3]))
    np.testing.assert_allclose(none, np.tile(np.arange(8.0), (3, NUM_STYLES, 1)), atol=1e-5)
    assert np.ptp(model.synthesised(none, noise_of(model, 3)), axis=0).max() < 1e-5
    model.arguments["truncated_layers"] = 2
    coarse = model.truncated(mapped, tf.zeros([3]))
    np.testing.assert_allclose(coarse[:, :2], none[:, :2], atol=1e-5)
    np.testing.assert_allclose(coarse[:, 2:], whole[:, 2:], atol=1e-5)


def test_samples_are_truncated_as_asked():
    model = tiny()
    given = {"seed": np.arange(3), "truncation": np.full(3, 0.2, np.float32)}
    expected = model.signatures()["serving_default"].function(
        **{name: tf.constant(rows) for name, rows in given.items()}
    )["images"]
    np.testing.assert_allclose(model.sample(range(3), truncation=0.2), expected, atol=1e-5)
    with pytest.raises(UserInputError, match="truncation must be a number from -2 to 2"):
        model.sample([1], truncation=3)


def test_tables_of_mixed_styles_and_of_truncation_are_drawn():
    model = tiny()
    model.mapping.get_layer("mean").moving_mean.assign(tf.range(8.0))
    drawings = model.drawings()
    mixing = drawings["mixing"](2, 5)
    table = mixing.images.reshape(3, mixing.columns, *model.image_shape)
    np.testing.assert_array_equal(table[0, 0], np.ones(model.image_shape))
    np.testing.assert_allclose(table[1:, 0], model.sample([5, 6]), atol=1e-5)
    np.testing.assert_allclose(table[0, 1:], model.sample(range(7, 14)), atol=1e-5)
    psi = tf.fill([2], model.arguments["truncation"])
    mixed = model.signatures()["mix"](
        seed=tf.constant([6, 6], tf.int64),
        truncation=psi,
        mixed_seed=tf.constant([9, 9], tf.int64),
        crossover=tf.fill([2], NUM_STYLES // 2),
    )
    np.testing.assert_allclose(table[2, 3], mixed["images"][0], atol=1e-5)

    sweep = drawings["truncation"](2, 5)
    rows = sweep.images.reshape(2, 6, *model.image_shape)
    served = model.signatures()["serving_default"]
    for column, psi in ((0, 1.0), (4, -0.5)):
        images = served(seed=tf.constant([5, 6], tf.int64), truncation=tf.fill([2], psi))["images"]
        np.testing.assert_allclose(rows[:, column], images, atol=1e-5)


def test_mixing_takes_layers_of_one_and_of_the_other():
    model = tiny()
    first, second = tf.constant(latents()), tf.constant(latents(seed=1))
    all_layers = len(style_layers_to(8))
    assert all_layers == NUM_STYLES
    for cut, of_first in ((0, 0), (1, 1), (NUM_STYLES, NUM_STYLES)):
        styles = model.mixed(first, second, tf.constant(cut)).numpy()
        np.testing.assert_array_equal(styles[:, :of_first], np.tile(first[:, None], (1, cut, 1)))
        np.testing.assert_array_equal(
            styles[:, of_first:], np.tile(second[:, None], (1, NUM_STYLES - cut, 1))
        )


def test_a_style_changes_its_layer_and_later_ones_only():
    """At the size 4 a style of the size 8 has no effect."""
    model = tiny(first_size=4, mixing_probability=0.0)
    part = model._part(model.synthesis, model._synthesis_inputs(), ["image_4"])
    styles = tf.random.stateless_normal([2, NUM_STYLES, 8], [0, 0])
    changed = tf.concat([styles[:, :2], styles[:, 2:] + 1], axis=1)
    images = part([styles, *noise_of(model, 2)])
    np.testing.assert_array_equal(images, part([changed, *noise_of(model, 2)]))


def test_served_mixtures_at_the_ends_are_the_seeds():
    model = tiny()
    served = model.signatures()
    psi = np.full(3, 0.5, np.float32)
    seeds, others = np.arange(3), np.arange(3) + 10

    def mix(crossover, **other):
        inputs = {"seed": seeds, "truncation": psi, "mixed_seed": others, **other}
        return served["mix"](**inputs, crossover=np.full(3, crossover, np.int32))["images"]

    alone = served["serving_default"](seed=seeds, truncation=psi)["images"]
    np.testing.assert_allclose(mix(NUM_STYLES), alone, atol=1e-6)
    np.testing.assert_allclose(mix(2, mixed_seed=seeds), alone, atol=1e-6)
    assert not np.allclose(mix(0), alone, atol=1e-2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="crossover"):
        mix(NUM_STYLES + 1)


def test_noise_is_a_function_of_the_seed():
    model = tiny()
    together, alone = model.sample([3, 4, 3]), model.sample([4])
    np.testing.assert_allclose(together[1], alone[0], atol=1e-6)
    np.testing.assert_array_equal(together[0], together[2])
    quiet = model.predict(model._latents_of(tf.constant([4], tf.int64)), verbose=0)
    assert not np.allclose(quiet[0], alone[0], atol=1e-3)


def test_a_share_of_the_steps_mixes():
    model = tiny(mixing_probability=0.5)
    model.compile(run_eagerly=True)
    seen = []
    drawn = model.drawn
    model.drawn = lambda player: seen.append(drawn(player)) or seen[-1]
    model.evaluate(np.zeros((40, 8, 8, 1), np.float32), batch_size=2, verbose=0)
    cuts = [int(d["crossover"]) for d in seen]
    assert set(cuts) == {1, 2, 3, NUM_STYLES}
    assert 10 <= cuts.count(NUM_STYLES) <= 30


def test_samples_differ():
    images = tiny().sample(range(16))
    assert images.std(axis=0).mean() > 0.05


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"mixing_probability": 1.5}, "mixing_probability"),
        ({"mapping_layers": 0}, "mapping_layers"),
        ({"truncated_layers": -1}, "truncated_layers"),
        ({"image_size": 12}, "image_size"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises(UserInputError, match=words):
        StyleGAN(**{**StyleGAN.presets["tiny"], **arguments})


# === StyleGAN2 ===


def tiny2(**arguments):
    return StyleGAN(**{**StyleGAN.presets["stylegan2_tiny"], "ema_half_life": None, **arguments})


def test_stylegan2_has_the_authors_count():
    makes = (mapping_network, modulated_synthesis_network)
    assert sum(testing.parameter_count(make) for make in makes) == 30_370_060


def modulated(x, style, **arguments):
    layer = ModulatedConv2D(5, 3, **arguments)
    y = layer([x, style])
    return y, layer.kernel.numpy() * layer._scale


@pytest.mark.parametrize("enlarge", [False, True])
def test_a_modulated_convolution_is_the_papers(enlarge):
    """Against one convolution for each example, with its kernel written out."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 6, 6, 4)).astype(np.float32)
    style = rng.normal(size=(3, 4)).astype(np.float32)
    y, kernel = modulated(x, style, enlarge=enlarge)
    for i in range(3):
        scaled = style[i][None, None, :, None] * kernel
        own = scaled / np.sqrt((scaled**2).sum((0, 1, 2)) + 1e-8)
        np.testing.assert_allclose((own**2).sum((0, 1, 2)), 1, rtol=1e-5)
        if enlarge:
            expected = tf.nn.conv2d_transpose(
                x[i : i + 1], own.transpose(0, 1, 3, 2), [1, 13, 13, 5], 2, "VALID"
            )
        else:
            expected = tf.nn.conv2d(x[i : i + 1], own, 1, "SAME")
        np.testing.assert_allclose(y[i], expected[0], atol=1e-5)


def test_demodulation_forgets_the_scale_of_a_style():
    layer = ModulatedConv2D(5, 3)
    x, style = tf.random.stateless_normal([2, 4, 4, 3], [0, 0]), tf.fill([2, 3], 1.5)
    np.testing.assert_allclose(layer([x, style]), layer([x, 7 * style]), rtol=1e-4, atol=1e-6)


def test_the_filters_of_stylegan2_keep_a_constant():
    """Away from the border, enlarged by a transposed convolution or halved by a strided one."""
    ones = tf.ones([1, 8, 8, 1])
    middle = np.zeros((3, 3, 1, 1), np.float32)
    middle[1, 1] = 1
    stretched = tf.nn.conv2d_transpose(ones, middle, [1, 17, 17, 1], 2, "VALID")
    enlarged = Blur((1, 3, 3, 1), padding=1, gain=4.0)(stretched)
    assert enlarged.shape == (1, 16, 16, 1)
    np.testing.assert_allclose(enlarged[:, 3:-3, 3:-3], 1, atol=1e-6)
    for padding, kernel in ((1, 1), (2, 3)):
        halved = Blur((1, 3, 3, 1), padding=padding)(ones)
        assert (halved.shape[1] - kernel) // 2 + 1 == 4
        np.testing.assert_allclose(halved[:, 3:-3, 3:-3], 1, atol=1e-6)


class LinearStyleGAN(StyleGAN):
    """Each image is its first layer's style times a matrix."""

    def images_of(self, styles, noise, alpha, training):
        flat = tf.matmul(styles[:, 0], self.matrix)
        return tf.reshape(flat, [-1, *self.image_shape])


def test_the_path_length_of_a_linear_generator():
    model = LinearStyleGAN(**{**StyleGAN.presets["stylegan2_tiny"], "ema_half_life": None})
    model.matrix = tf.random.stateless_normal([8, 64], [0, 0])
    direction = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype(np.float32)
    drawn = {
        "latents": [latents(2), latents(2)],
        "crossover": tf.constant(NUM_STYLES),
        "noise": {},
    }
    gradient = direction.reshape(2, 64) @ model.matrix.numpy().T / 8
    lengths = np.sqrt((gradient**2).sum(1) / NUM_STYLES)

    def loss(mean):
        return model.path_length_loss(drawn, direction, mean, tf.constant(1.0))

    np.testing.assert_allclose(loss(0.0).outputs, lengths, rtol=1e-4)
    np.testing.assert_allclose(loss(0.5).terms["path_length"], 4 * (lengths - 0.5) ** 2, rtol=1e-3)
    np.testing.assert_allclose(loss(lengths).terms["path_length"], 0, atol=1e-8)


def test_lazy_penalties_come_when_they_are_due():
    model = tiny2()
    model.compile(run_eagerly=True)
    images = np.zeros((8, 8, 8, 1), np.float32)
    moves = []
    for _ in range(6):
        iterations = [int(model.optimizers[p].iterations.numpy()) for p in model.optimizers]
        model.train_on_batch(images)
        after = [int(model.optimizers[p].iterations.numpy()) for p in model.optimizers]
        moves.append(tuple(np.subtract(after, iterations)))
    assert moves == [(2, 2), (1, 1), (1, 2), (2, 1), (1, 2), (1, 1)]
    before = float(model.path_mean.mean.numpy())
    model.evaluate(images, batch_size=8, verbose=0)
    assert float(model.path_mean.mean.numpy()) == before > 0


def test_lazy_optimizers_are_slowed():
    optimizers = tiny2().default_optimizers()
    for player, share in (("discriminator", 3 / 4), ("generator", 2 / 3)):
        optimizer = optimizers[player]
        assert float(optimizer.learning_rate.numpy()) == pytest.approx(1e-3 * share)
        assert optimizer.beta_2 == pytest.approx(0.99**share)
    eager = tiny2(r1_every=1, path_length=0.0).default_optimizers()
    assert {optimizer.beta_2 for optimizer in eager.values()} == {0.99}


@pytest.mark.slow
def test_stylegan2_agrees_on_replicas():
    testing.check_replicas_agree(tiny2, optimizer=testing.ADAM)


@pytest.mark.slow
def test_stylegan2_resumes_exactly(tmp_path):
    testing.check_resume_is_exact(tiny2, tmp_path)


@pytest.mark.slow
def test_stylegan2_is_served(tmp_path):
    testing.check_servable(tiny2, tmp_path)


def test_stylegan2_does_not_grow():
    with pytest.raises(UserInputError, match="does not grow"):
        tiny2(first_size=4)
    with pytest.raises(UserInputError, match="architecture"):
        tiny2(architecture="stylegan3")
