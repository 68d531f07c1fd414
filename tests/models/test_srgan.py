"""SRGAN against its paper: counts, stages, what the losses are, images of any size."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import data, models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image
from tfgan_suite.layers import PixelShuffle
from tfgan_suite.losses.perceptual import VGG_SCALE, feature_distance
from tfgan_suite.losses.reconstruction import l1
from tfgan_suite.models import SRGAN
from tfgan_suite.models.srgan import interpolated, networks, srgan
from tfgan_suite.models.srgan.tiles import in_tiles

RNG = np.random.default_rng(0)


def tiny(**arguments):
    return SRGAN(**{**SRGAN.presets["tiny"], "ema_half_life": None, **arguments})


def images(num, height, width, channels=3):
    return RNG.uniform(-1, 1, (num, height, width, channels)).astype(np.float32)


def pair(model, num=4):
    batch = testing.random_batch(model, num)
    return tf.constant(batch["low"]), tf.constant(batch["high"])


def scattered(network):
    """Gives weights that begin as 0 or 1 other values."""
    for variable in network.trainable_variables:
        variable.assign(variable + RNG.normal(size=variable.shape, scale=0.1).astype(np.float32))
    return network


# === Networks ===


def test_networks_have_the_papers_size():
    assert testing.parameter_count(lambda: networks.srresnet(norm_bias=True)) == 1_550_659
    assert testing.parameter_count(lambda: networks.discriminator(norm_bias=True)) == 23_565_505
    # Biases in front of norm layers do nothing: 33 and 7 layers have them.
    assert testing.parameter_count(networks.srresnet) == 1_550_659 - 33 * 64
    without = 23_565_505 - (64 + 2 * (128 + 256 + 512))
    assert testing.parameter_count(networks.discriminator) == without


@pytest.mark.parametrize("architecture", ["srresnet", "rrdb"])
@pytest.mark.parametrize("scale", [2, 4])
def test_images_of_any_size_are_enlarged(architecture, scale):
    model = tiny(architecture=architecture, scale=scale, growth=3)
    assert model(images(2, 17, 23)).shape == (2, 17 * scale, 23 * scale, 3)
    assert model.upscale(images(1, 5, 3)).shape == (1, 5 * scale, 3 * scale, 3)


@pytest.mark.parametrize("architecture", ["srresnet", "rrdb"])
def test_a_residual_network_begins_with_the_bilinear_image(architecture):
    model = tiny(architecture=architecture, growth=3, residual=True)
    x = images(2, 6, 5)
    expected = tf.image.resize(x, (24, 20), "bilinear")
    np.testing.assert_allclose(model(x), expected, atol=1e-5)
    np.testing.assert_allclose(model.upscale(x), expected, atol=1e-5)  # in a graph of any size


def test_channels_become_pixels_row_by_row():
    shuffled = PixelShuffle(2)(np.arange(8, dtype=np.float32).reshape(1, 1, 1, 8)).numpy()
    np.testing.assert_array_equal(shuffled[0, :, :, 0], [[0, 2], [4, 6]])
    np.testing.assert_array_equal(shuffled[0, :, :, 1], [[1, 3], [5, 7]])


@pytest.mark.parametrize("architecture", ["srresnet", "rrdb"])
@pytest.mark.parametrize("scale", [2, 4])
def test_tiles_give_what_the_whole_image_gives(architecture, scale):
    model = tiny(architecture=architecture, scale=scale, growth=3, residual=scale == 2)
    network = scattered(model.generator)
    margin = networks.reach(architecture, 1, scale)
    image = tf.constant(images(1, 45, 30)[0])

    def enlarged(tile_margin):
        return in_tiles(lambda part: network(part[None])[0], image, scale, tile_margin, tile=8)

    whole = network(image[None])[0]
    np.testing.assert_allclose(enlarged(margin), whole, atol=2e-5)
    assert np.abs(enlarged(2) - whole).max() > 1e-3


def test_a_pixel_sees_no_further_than_is_said():
    network = networks.srresnet(filters=2, num_blocks=2)
    for layer in network.layers:  # positive, so that nothing cancels
        if isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(tf.abs(layer.kernel) + 0.1)
    x = tf.zeros([1, 61, 61, 3])
    with tf.GradientTape() as tape:
        tape.watch(x)
        pixels = network(x)[0, 120:124, 120:124]  # of the pixel in the middle
    rows = np.argwhere(tape.gradient(pixels, x)[0])[:, 0]
    assert np.ptp(rows) // 2 == networks.reach("srresnet", 2, 4)


# === Losses ===


def test_the_scale_of_vgg_features():
    first, second = images(2, 4, 4, 7), images(2, 4, 4, 7)
    scaled = feature_distance(first, second, VGG_SCALE) / feature_distance(first, second, 1.0)
    np.testing.assert_allclose(scaled, np.full(2, 1 / 162.5625), atol=1e-6)


def test_each_feature_network_has_a_scale():
    assert tiny().feature_scale == 4e-4
    shallow = {"features": "vgg19", "feature_layer": "block1_conv1"}
    assert tiny(**shallow).feature_scale == VGG_SCALE
    assert tiny(**shallow, feature_scale=2.0).feature_scale == 2.0


def test_the_game_at_chance():
    model = tiny(batch_norm_group_size=None)
    for weight in model.discriminator.get_layer("logits").weights:
        weight.assign(tf.zeros_like(weight))
    low, high = pair(model)
    terms = model.discriminator_loss(low, high).terms
    np.testing.assert_allclose(terms["real"], np.full(4, np.log(2)), rtol=1e-5)
    np.testing.assert_allclose(terms["fake"], np.full(4, np.log(2)), rtol=1e-5)
    terms = model.generator_loss(low, high).terms
    np.testing.assert_allclose(terms["adversarial"], np.full(4, 1e-3 * np.log(2)), rtol=1e-5)


def test_the_terms_are_those_of_the_paper():
    model = tiny(pixel_weight=0.5, feature_scale=VGG_SCALE)
    low, high = pair(model)
    made = model.generator(low).numpy()
    terms = model.generator_loss(low, high, training=False).terms
    assert set(terms) == {"squeezenet_conv1_random", "pixels", "adversarial"}
    seen = [np.float64(model.feature_network(x)) / 12.75 for x in (high, made)]
    expected = np.square(seen[0] - seen[1]).mean((1, 2, 3))
    np.testing.assert_allclose(terms["squeezenet_conv1_random"], expected, rtol=1e-4)
    squared = np.square(high - made).mean((1, 2, 3))
    np.testing.assert_allclose(terms["pixels"], 0.5 * squared, rtol=1e-5)
    loss = model.pixel_loss(low, high, training=False)
    np.testing.assert_allclose(loss.terms["pixels"], squared, rtol=1e-5)
    np.testing.assert_allclose(loss.monitors["psnr"], 10 * np.log10(4 / squared), rtol=1e-5)


def test_esrgans_terms():
    """L1 of features in front of the ReLU, the relativistic average, L1 of pixels."""
    small = ("image_size", "filters", "num_blocks", "discriminator_filters", "discriminator_units")
    arguments = {**SRGAN.presets["esrgan"], **{k: SRGAN.presets["tiny"][k] for k in small}}
    arguments |= {"features": "squeezenet", "feature_layer": "conv1", "growth": 3}
    model = SRGAN(**arguments, pixel_images=0)
    low, high = pair(model)
    made = model.generator(low)
    terms = model.generator_loss(low, high, training=False).terms
    assert set(terms) == {"squeezenet_conv1_linear_random", "pixels", "adversarial"}
    seen = [model.features_of(x) for x in (high, made)]
    assert min(np.min(x) for x in seen) < 0
    np.testing.assert_allclose(terms["squeezenet_conv1_linear_random"], l1(*seen), rtol=1e-4)
    np.testing.assert_allclose(terms["pixels"], 1e-2 * l1(high, made), rtol=1e-5)
    real, fake = (model.discriminator(x).numpy()[:, 0] for x in (high, made))
    above = np.log1p(np.exp(real - fake.mean())) + np.log1p(np.exp(-(fake - real.mean())))
    np.testing.assert_allclose(terms["adversarial"], 5e-3 * above, rtol=1e-4)
    model.compile(run_eagerly=True)
    logs = model.train_on_batch(testing.random_batch(model, 4), return_dict=True)
    assert np.isfinite(list(logs.values())).all()


def test_a_network_of_ones_own_is_looked_through():
    inputs = keras.Input((None, None, 3))
    own = keras.Model(inputs, keras.layers.AveragePooling2D(4)(inputs), name="colours")
    model = tiny(feature_network=own, feature_scale=1.0)
    low, high = pair(model)
    made = model.generator(low)
    term = model.generator_loss(low, high, training=False).terms["colours"]
    np.testing.assert_allclose(term, np.square(own(high) - own(made)).mean((1, 2, 3)), rtol=1e-4)


def test_grey_images_have_features():
    model = tiny(channels=1)
    model.compile(run_eagerly=True)
    logs = model.train_on_batch(testing.random_batch(model, 4), return_dict=True)
    assert np.isfinite(list(logs.values())).all()


# === Stages ===


def moves(model, batch):
    """Returns which networks a step moves."""
    names = ("generator", "discriminator", "feature_network")
    before = {name: getattr(model, name).get_weights() for name in names}
    logs = model.train_on_batch(batch, return_dict=True)
    moved = {
        name
        for name in names
        if any(
            not np.array_equal(old, new)
            for old, new in zip(before[name], getattr(model, name).get_weights(), strict=True)
        )
    }
    return moved, set(logs)


def test_the_generator_learns_alone_at_first():
    model = tiny(pixel_images=16)
    model.compile(run_eagerly=True)
    seen = [moves(model, testing.random_batch(model, 8, seed)) for seed in range(3)]
    assert [networks for networks, _ in seen] == [
        {"generator"},
        {"generator"},
        {"generator", "discriminator"},
    ]
    assert "generator/pixels" in seen[0][1] and "discriminator/loss" not in seen[0][1]
    assert "generator/squeezenet_conv1_random" in seen[2][1]
    assert "generator/pixels" not in seen[2][1]


def test_the_game_begins_with_what_the_first_stage_made_and_a_new_optimizer():
    model = tiny(pixel_images=16, learning_rates=[1e-2, 0.0, 0.0])
    model.compile(run_eagerly=True)
    for seed in range(2):
        model.train_on_batch(testing.random_batch(model, 8, seed))
    batch = testing.random_batch(model, 8, 2)
    # Of the same weights: in training mode, as both losses of the next step see them.
    made = model.generator(batch["low"], training=True).numpy()
    logs = model.train_on_batch(batch, return_dict=True)
    squared = np.square(made - batch["high"]).mean((1, 2, 3))
    assert logs["generator/psnr"] == pytest.approx((10 * np.log10(4 / squared)).mean(), rel=1e-3)
    assert int(model.generator_optimizer.iterations.numpy()) == 1


@pytest.mark.parametrize("as_file", [True, False])
def test_a_model_may_begin_with_the_srresnet_of_another(as_file, tmp_path):
    """The first answers are equal to the last bit."""
    first = tiny(pixel_images=1000, ema_half_life=10.0)
    first.compile(run_eagerly=True)
    for seed in range(3):
        first.train_on_batch(testing.random_batch(first, 8, seed))
    path = tmp_path / "srresnet.keras"
    if as_file:
        first.save(path)
    else:
        from tfgan_suite import runs

        path = tmp_path / "run"
        config = runs.default_config()
        config.model = {"name": "srgan", "preset": "tiny", "pixel_images": 1000}
        config.data = {"source": "shapes", "num_examples": 32}
        config.update({"batch_size": 8, "images": 16, "sample_every": 16, "num_samples": 2})
        config.update({"log_every": 16, "checkpoint_every": 16})
        first = runs.train(config, path)
    second = tiny(srresnet=str(path), discriminator_filters=3)
    low = images(3, 8, 8)
    np.testing.assert_array_equal(first(low), second(low))
    np.testing.assert_array_equal(first.upscale(low), second.upscale(low))
    assert "srresnet" not in second.get_config()


def test_rates_fall_by_images_seen():
    model = tiny(pixel_images=16, slow_after=32, learning_rates=[4e-4, 1e-4, 1e-5])
    rate = model.default_optimizers()["generator"]._learning_rate
    found = [float(rate.at(n)) for n in (0, 15, 16, 47, 48)]
    np.testing.assert_allclose(found, [4e-4, 4e-4, 1e-4, 1e-4, 1e-5], rtol=1e-6)


# === Interpolation of networks ===


def test_weights_between_two_networks():
    first, second = (scattered(networks.srresnet(filters=2, num_blocks=1)) for _ in range(2))
    x = images(1, 6, 6)
    np.testing.assert_array_equal(interpolated(first, second, 0.0)(x), first(x))
    np.testing.assert_array_equal(interpolated(first, second, 1.0)(x), second(x))
    between = interpolated(first, second, 0.25).get_weights()
    for one, other, found in zip(first.get_weights(), second.get_weights(), between, strict=True):
        np.testing.assert_allclose(found, 0.75 * one + 0.25 * other, rtol=1e-6)
    with pytest.raises(UserInputError, match="other shapes"):
        interpolated(first, networks.srresnet(filters=3, num_blocks=1), 0.5)
    with pytest.raises(UserInputError, match="share"):
        interpolated(first, second, 1.5)


# === Answers ===


def test_the_signatures_take_any_size_up_to_a_bound(monkeypatch):
    model = tiny()
    signatures = model.signatures()
    small, large = images(2, 7, 5), images(2, 10, 10)
    made = signatures["serving_default"](images=small)["images"]
    np.testing.assert_allclose(made, np.clip(model.predict(small, verbose=0), -1, 1), atol=1e-5)
    files = [tf.io.encode_png(tf.cast((x[0] + 1) * 127.5, tf.uint8)) for x in (small, large)]
    enlarged = signatures["png"](image_bytes=tf.stack(files))["image_bytes"]
    assert [tf.io.decode_png(f).shape.as_list() for f in enlarged] == [[28, 20, 3], [40, 40, 3]]
    function = model.upscaling_function()
    np.testing.assert_array_equal(
        function(tf.io.decode_png(files[0])), tf.io.decode_png(enlarged[0])
    )
    assert signatures["serving_default"](images=small[:0])["images"].shape == (0, 28, 20, 3)

    monkeypatch.setattr(srgan, "MAX_PIXELS", 64)
    signatures = model.signatures()
    assert signatures["serving_default"](images=small)["images"].shape == (2, 28, 20, 3)
    for bad in (large, small[:, :0]):
        with pytest.raises(tf.errors.InvalidArgumentError, match="expected 1 to 64 pixels"):
            signatures["serving_default"](images=bad)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"(?s)more than 64 pixels.*rows.*\b1\b"
    ):
        signatures["png"](image_bytes=tf.stack(files))


@pytest.mark.slow
def test_a_large_image_takes_the_memory_of_its_tiles():
    """1,000 x 1,000 pixels at once would take 2 GB for one layer alone."""
    import resource

    function = tiny(filters=32).upscaling_function()
    function(np.zeros((8, 8, 3), np.uint8))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made = function(RNG.integers(0, 256, (1000, 1000, 3), np.uint8))
    assert made.shape == (4000, 4000, 3)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 1500


# === Training ===


@pytest.mark.slow
def test_pixels_beat_bicubic_and_the_game_makes_images_sharper():
    from benchmarks.enlarging import bicubic, sharpness
    from tfgan_suite.metrics import luma_psnr, to_uint8

    keras.utils.set_random_seed(0)
    model = tiny(
        scale=2,
        filters=16,
        num_blocks=2,
        discriminator_filters=8,
        discriminator_units=32,
        pixel_images=16_000,
        batch_norm_group_size=None,
        learning_rates=[1e-3, 2e-4, 2e-4],
        adversarial_weight=3e-2,
        residual=True,  # the plain one is below bicubic still at 24,000 images
    )
    model.compile()
    spec = {"high": Image(32, 32, 3), "low": Image(16, 16, 3).downscaled("high", 2)}
    batches = data.training_batches({"source": "shapes", "size": 32}, spec, 8, seed=0)
    heldout = data.heldout_batch({"source": "shapes", "size": 32}, spec, 64, seed=0)
    truth = to_uint8(heldout["high"])

    def figures(enlarged):
        return luma_psnr(to_uint8(enlarged), truth).mean(), sharpness(enlarged).mean()

    model.fit(batches, steps_per_epoch=2_000, verbose=0)
    pixels, smooth = figures(model.upscale(heldout["low"]))
    assert pixels > figures(bicubic(heldout["low"], 2))[0] + 0.5
    model.fit(batches, steps_per_epoch=1_000, verbose=0)
    psnr_of_game, sharp = figures(model.upscale(heldout["low"]))
    assert psnr_of_game < pixels and sharp > smooth


def test_random_features_are_a_warning_once_they_count(recwarn):
    game = {"features": None, "pixel_weight": 1.0}
    for arguments, stages in ({}, ["pixels"]), (game, ["pixels", "game"]):
        model = tiny(pixel_images=8, **arguments)
        for stage in model.stages.all:
            if stage.name in stages:
                model.stage_begins(stage)
    assert not [w for w in recwarn if "random weights" in str(w.message)]
    model = tiny()
    with pytest.warns(UserWarning, match="squeezenet_conv1_random, .*random weights.*feature_weig"):
        model.stage_begins(model.stages.all[-1])


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"image_size": 40}, "multiple of 16"),
        ({"scale": 3}, "scale must be one of 2, 4, 8"),
        ({"channels": 4}, "channels"),
        ({"architecture": "resnet"}, "architecture"),
        ({"features": "vgg16"}, "Did you mean 'vgg19'"),
        ({"feature_layer": "fire99"}, "no layer 'fire99'"),
        ({"features": "vgg19", "feature_layer": "block5_conv5"}, "no layer 'block5_conv5'"),
        ({"feature_weights": "nowhere.npz"}, "no weights file"),
        ({"feature_weights": 0}, "path of an npz file, not 0"),
        ({"feature_layer": ["conv1"]}, "feature_layer must be a name"),
        ({"learning_rates": [1e-4]}, "three"),
        ({"learning_rates": 1e-4}, "three.*Received: 0.0001"),
        ({"srresnet": 1}, "srresnet must be the path"),
        ({"pixel_images": -1}, "pixel_images"),
        ({"features": None, "adversarial_weight": 0}, "nothing to learn from"),
        ({"srresnet": "nowhere.keras"}, "srresnet=nowhere.keras cannot be read"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises(UserInputError, match=words):
        tiny(**arguments)


def test_another_generator_is_refused(tmp_path):
    tiny().save(tmp_path / "one.keras")
    models.build({"name": "gan", "preset": "tiny"}).save(tmp_path / "gan.keras")
    with pytest.raises(UserInputError, match="another generator, of .*'num_blocks': 1"):
        tiny(srresnet=str(tmp_path / "one.keras"), num_blocks=2)
    residual = not tiny().arguments["residual"]
    with pytest.raises(UserInputError, match=f"another generator, of .*'residual': {not residual}"):
        tiny(srresnet=str(tmp_path / "one.keras"), residual=residual)
    with pytest.raises(UserInputError, match="is a GAN; expected an SRGAN"):
        tiny(srresnet=str(tmp_path / "gan.keras"))
