"""The context encoder against its paper: sizes, losses, what each network sees."""

import numpy as np
import pytest

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import ContextEncoder


def tiny(**arguments):
    return models.build(
        {"name": "context_encoder", "preset": "tiny", "ema_half_life": None, **arguments}
    )


def images(num=4, seed=0, size=32, channels=3):
    values = np.random.default_rng(seed).uniform(-1, 1, (num, size, size, channels))
    return values.astype(np.float32)


def test_networks_have_the_papers_size():
    """Kernels without biases, and a gain and an offset for each normalised channel."""
    kernel = 4 * 4
    encoder = sum(
        kernel * before * width
        for before, width in [(3, 64), (64, 64), (64, 128), (128, 256), (256, 512), (512, 4000)]
    )
    encoder += 2 * (64 + 128 + 256 + 512 + 4000)
    decoder = sum(
        kernel * before * width
        for before, width in [(4000, 512), (512, 256), (256, 128), (128, 64), (64, 3)]
    )
    decoder += 2 * (512 + 256 + 128 + 64)
    discriminator = sum(
        kernel * before * width
        for before, width in [(3, 64), (64, 128), (128, 256), (256, 512), (512, 1)]
    )
    discriminator += 2 * (128 + 256 + 512)
    assert (encoder, decoder, discriminator) == (35_599_040, 35_525_504, 2_765_568)
    made = {}

    def network(name):
        made[name] = getattr(ContextEncoder(), name)
        return made[name]

    assert testing.parameter_count(lambda: network("encoder")) == encoder
    assert testing.parameter_count(lambda: network("decoder")) == decoder
    assert testing.parameter_count(lambda: network("discriminator")) == discriminator
    stages = [layer for layer in made["encoder"].layers if "leaky" in layer.name]
    assert [layer.output.shape[1] for layer in stages] == [64, 32, 16, 8, 4]
    assert made["encoder"].output_shape == (None, 4000)
    assert made["decoder"].output_shape == (None, 64, 64, 3)


def test_losses_of_known_squares():
    """The decoder says 0 and the discriminator nothing: all terms are known."""
    model = tiny(overlap=2)
    for network, layer in (
        (model.decoder, "transposed_convolution_16"),
        (model.discriminator, "logits"),
    ):
        layer = network.get_layer(layer)
        layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    given = images()
    loss = model.generator_loss(given, training=False)
    squares = np.square(given[:, 8:24, 8:24].astype(np.float64))
    inner = squares[:, 2:-2, 2:-2].sum((1, 2, 3))
    border = squares.sum((1, 2, 3)) - inner
    expected = 0.999 * (inner + 10 * border) / (16 * 16 * 3)
    np.testing.assert_allclose(loss.terms["reconstruction"], expected, rtol=1e-5)
    np.testing.assert_allclose(loss.terms["adversarial"], np.full(4, 0.001 * np.log(2)), rtol=1e-5)
    terms = model.discriminator_loss(given, training=False).terms
    for name in ("real", "fake"):
        np.testing.assert_allclose(terms[name], np.full(4, np.log(2)), rtol=1e-5)


def test_nobody_sees_the_hole_and_the_discriminator_nothing_else():
    model = tiny(overlap=2)
    given, hole = images(), model.hole()
    assert hole.sum() == 12 * 12 and hole[10:22, 10:22].all()
    hidden = np.where(hole, images(seed=1), given)
    np.testing.assert_array_equal(model.with_hole(given), model.with_hole(hidden))
    colour = model.with_hole(given).numpy()[0, 16, 16]
    np.testing.assert_allclose((colour + 1) * 127.5, [123, 117, 104], rtol=1e-6)

    def judged(seen):
        return model.discriminator_loss(seen).monitors["real_score"].numpy()

    around = images(seed=1)
    around[:, 8:24, 8:24] = given[:, 8:24, 8:24]
    np.testing.assert_array_equal(judged(given), judged(around))
    assert np.abs(judged(given) - judged(hidden)).max() > 1e-6


def test_known_pixels_stay_and_the_hole_is_made():
    model = tiny()
    given, hole = images(), model.hole()[..., 0]
    filled = model.inpaint(given)
    np.testing.assert_array_equal(filled[:, ~hole], given[:, ~hole])
    assert np.abs(filled - given)[:, hole].min(axis=0).max() > 0.1
    hidden = np.where(model.hole(), images(seed=1), given)
    np.testing.assert_array_equal(model.inpaint(hidden), filled)
    np.testing.assert_allclose(model.predict(given, verbose=0), filled, atol=1e-6)
    made = model.decoder(model.encoder(model.with_hole(given)))
    np.testing.assert_allclose(filled[:, 9:23, 9:23], made[:, 1:-1, 1:-1], atol=1e-6)


def test_the_generators_rate_is_ten_times_the_discriminators():
    rates = {p: float(o.learning_rate.numpy()) for p, o in tiny().default_optimizers().items()}
    assert rates["generator"] == pytest.approx(10 * rates["discriminator"]) == pytest.approx(2e-3)


@pytest.mark.parametrize(
    ("weight", "terms"), [(0, {"reconstruction"}), (1, {"adversarial"}), (0.5, None)]
)
def test_a_weight_of_nothing_leaves_its_term_out(weight, terms):
    model = tiny(adversarial_weight=weight)
    found = model.generator_loss(images()).terms
    assert set(found) == (terms or {"reconstruction", "adversarial"})
    if weight:
        return
    model.compile(run_eagerly=True)
    before = [w.numpy() for w in model.discriminator.weights]
    logs = model.train_on_batch(images(), return_dict=True)
    assert not [name for name in logs if "discriminator" in name]
    for old, new in zip(before, model.discriminator.weights, strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("channels", [1, 4])
def test_other_channels_have_a_grey_hole(channels):
    model = tiny(channels=channels)
    seen = model.with_hole(images(1, channels=channels)).numpy()
    np.testing.assert_allclose((seen[0, 16, 16] + 1) * 127.5, [344 / 3] * channels, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 48}, "image_size must be one of 32, 64, 128"),
        ({"image_size": 32, "hole_size": 32}, "hole_size must be one of 16, not 32"),
        ({"image_size": 32, "overlap": 8}, "overlap must be a whole number up to 7"),
        ({"adversarial_weight": 1.5}, "from 0 to 1"),
        ({"bottleneck": 0}, "bottleneck must be a whole number"),
        ({"channels": 2.5}, "channels must be a whole number"),
        ({"holes": "centre"}, "holes must be one of 'middle', 'random', not 'centre'"),
        ({"holes": "random", "hole_size": 16}, "hole_size and overlap are of holes in the middle"),
        ({"holes": "random", "overlap": 0}, "hole_size and overlap are of holes in the middle"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UserInputError, match=message):
        ContextEncoder(**arguments)


# === Random holes ===


def test_networks_for_random_holes_have_the_authors_size():
    """Those of `train_random.lua`: the largest two stages of each network have equal widths."""
    kernel = 4 * 4
    widths = [64, 64, 128, 256, 512]
    decoder = sum(
        kernel * before * width
        for before, width in [(4000, 512), (512, 256), (256, 128), (128, 64), (64, 64), (64, 3)]
    ) + 2 * sum(widths)
    discriminator = sum(
        kernel * before * width
        for before, width in [(3, 64), (64, 64), (64, 128), (128, 256), (256, 512), (512, 1)]
    ) + 2 * sum(widths[1:])
    for name, size in (("decoder", decoder), ("discriminator", discriminator)):
        count = testing.parameter_count(lambda n=name: getattr(ContextEncoder(holes="random"), n))
        assert count == size


def test_random_holes_are_other_regions_for_each_image():
    model = tiny(holes="random")
    holes = model.random_holes(50)
    assert holes.shape == (50, 32, 32, 1) and (holes.mean(axis=(1, 2, 3)) == 0.25).all()
    assert len(np.unique(holes.reshape(50, -1), axis=0)) == 50
    np.testing.assert_array_equal(holes, model.random_holes(50))
    often = holes.mean(axis=0)
    assert 0 < often.min() and often.max() < 0.7  # everywhere, and nowhere always
    # Regions, no dust: nearly all neighbours of a hidden pixel are hidden.
    alike = (holes[:, 1:] == holes[:, :-1]).mean()
    assert alike > 0.85
    with pytest.raises(UserInputError, match="Holes are random"):
        model.hole()


def test_losses_of_random_holes_weigh_what_is_known_ten_times():
    model = tiny(holes="random")
    layer = model.decoder.get_layer("transposed_convolution_32")
    layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    given, holes = images(), model.random_holes(4)
    weights = np.where(holes, 1, 10)
    expected = 0.999 * (weights * np.square(given.astype(np.float64))).mean(axis=(1, 2, 3))
    loss = model.generator_loss(given, holes, training=False)
    np.testing.assert_allclose(loss.terms["reconstruction"], expected, rtol=1e-5)
    hidden = np.where(holes, images(seed=1), given)
    np.testing.assert_array_equal(model.with_hole(given, holes), model.with_hole(hidden, holes))
    scores = [model.discriminator_loss(x, holes).monitors["real_score"] for x in (given, hidden)]
    assert np.abs(scores[0] - scores[1]).max() > 1e-6  # it sees the whole image


def test_given_holes_are_filled_and_nothing_else():
    model = tiny(holes="random")
    given = images()
    holes = np.zeros((4, 32, 32), bool)
    holes[:, 3:9, 20:30] = True
    filled = model.inpaint(given, holes)
    np.testing.assert_array_equal(filled[~holes], given[~holes])
    assert np.abs(filled - given)[holes].mean() > 0.1
    hidden = np.where(holes[..., None], images(seed=1), given)
    np.testing.assert_array_equal(model.inpaint(hidden, holes), filled)
    masks = holes[..., None].astype(np.float32)
    np.testing.assert_allclose(model.predict([given, masks], verbose=0), filled, atol=1e-6)
    assert len(model.draw(2, examples={"image": given}).images) == 6
    for bad, words in (
        (holes[:3], "holes must be bool of shape"),
        (masks[..., 0], "holes must be bool"),
        (None, "holes must be bool"),
        (holes & False, "none or all"),
        (holes | True, "none or all"),
    ):
        with pytest.raises(UserInputError, match=words):
            model.inpaint(given, bad)
    with pytest.raises(UserInputError, match="leave holes out"):
        tiny().inpaint(given, holes)


@pytest.mark.slow
def test_a_server_fills_given_holes(tmp_path):
    testing.check_servable(lambda: tiny(holes="random"), tmp_path)


def test_a_served_mask_of_nothing_or_of_everything_is_refused():
    signature = tiny(holes="random").signatures()["serving_default"]
    for level in (0, 1):
        masks = np.full((2, 32, 32, 1), level, np.float32)
        with pytest.raises(Exception, match="masks: expected a mask that marks a part"):
            signature(images=images(2), masks=masks)


def test_a_model_of_random_holes_is_saved_and_trains_on(tmp_path):
    testing.check_keras_file_round_trip(lambda: tiny(holes="random"), tmp_path / "model.keras")


@pytest.mark.slow
def test_random_holes_agree_on_replicas():
    testing.check_replicas_agree(
        lambda: models.build({"name": "context_encoder", "preset": "tiny", "holes": "random"}),
        optimizer=testing.ADAM,
    )
