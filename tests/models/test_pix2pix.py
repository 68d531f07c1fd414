"""Values of the paper that pix2pix has to hold, and what its noise is."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import Pix2Pix


def tiny(**arguments):
    return models.build({"name": "pix2pix", "preset": "tiny", **arguments})


def losses(model):
    model.compile(run_eagerly=True)
    return model.test_on_batch(testing.random_batch(model, 4), return_dict=True)


def pair(num=4, seed=0):
    batch = testing.random_batch(tiny(), num, seed)
    return tf.constant(batch["a"]), tf.constant(batch["b"])


def test_networks_have_the_papers_size():
    model = Pix2Pix(**models.presets("pix2pix")["paper_256"])
    assert model.generator.count_params() == 54_413_955
    assert model.discriminator.count_params() == 2_768_705
    assert model.discriminator.output_shape == (None, 30, 30, 1)


@pytest.mark.parametrize("patch_size", [1, 16, 34, 70])
def test_the_discriminator_has_the_patches_asked_for(patch_size):
    """A logit in the middle sees so many pixels of both images; their receptive field by gradient.

    That they fill a square is tested with the network.
    """
    model = tiny(
        image_size=128,
        num_downsamplings=2,
        patch_size=patch_size,
        filters=1,
        discriminator_filters=1,
        ema_half_life=None,
    )
    for layer in model.discriminator.layers:  # norms see the whole image: only what they scale
        if isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(tf.abs(layer.kernel) + 0.1)
    logits = keras.models.clone_model(
        model.discriminator,
        clone_function=lambda layer: (
            keras.layers.Identity(name=layer.name)
            if layer.name.startswith("norm")
            else layer.__class__.from_config(layer.get_config())
        ),
    )
    for layer in logits.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.set_weights(model.discriminator.get_layer(layer.name).get_weights())
    x = tf.zeros([1, 128, 128, 6])
    with tf.GradientTape() as tape:
        tape.watch(x)
        scores = logits(x)
        score = scores[0, scores.shape[1] // 2, scores.shape[2] // 2, 0]
    touched = np.argwhere(tape.gradient(score, x)[0])
    np.testing.assert_array_equal(np.ptp(touched, axis=0) + 1, [patch_size, patch_size, 6])


def test_losses_without_opinion():
    model = tiny()
    logits = model.discriminator.get_layer("logits")
    logits.set_weights([np.zeros_like(w) for w in logits.get_weights()])
    logs = losses(model)
    np.testing.assert_allclose(logs["discriminator/loss"], 0.693147, rtol=1e-5)
    np.testing.assert_allclose(logs["generator/adversarial"], 0.693147, rtol=1e-5)
    np.testing.assert_allclose(logs["generator/l1"], 100 * logs["generator/distance"], rtol=1e-5)


def test_the_distance_is_the_mean_over_pixels_and_channels():
    model, (a, b) = tiny(dropout=0), pair()
    made = model.generator(a)
    term = model.generator_loss(a, b, training=False).terms["l1"]
    np.testing.assert_allclose(term, 100 * np.abs(made - b).mean(axis=(1, 2, 3)), rtol=1e-5)


def test_the_discriminator_looks_at_a_unless_it_is_the_ablation():
    a, b = pair()
    for conditional, differs in ((True, True), (False, False)):
        model = tiny(conditional=conditional)
        scores = model.judge(a, b, True), model.judge(a[::-1], b, True)
        assert (np.abs(scores[0] - scores[1]).max() > 1e-6) == differs


def test_l1_alone_trains_nothing_against_the_generator():
    model = tiny(adversarial_weight=0)
    model.compile(run_eagerly=True)
    before = [w.numpy() for w in model.discriminator.weights]
    logs = model.train_on_batch(testing.random_batch(model, 4), return_dict=True)
    assert not [name for name in logs if "discriminator" in name or "adversarial" in name]
    for old, new in zip(before, model.discriminator.weights, strict=True):
        np.testing.assert_array_equal(old, new)


def test_answers_are_functions_of_the_image_and_the_seed():
    model, (a, _) = tiny(), pair(1)
    same = np.repeat(a, 4, axis=0)
    made = model.translate(same, [5, 6, 5, -7])
    np.testing.assert_array_equal(made[0], made[2])
    assert np.abs(made[0] - made[1]).max() > 1e-5 < np.abs(made[0] - made[3]).max()
    np.testing.assert_array_equal(model.translate(a, [6])[0], made[1])
    np.testing.assert_allclose(model.predict(a, verbose=0), model.translate(a), atol=1e-6)


def test_without_dropout_no_seed_is_asked_for():
    model, (a, _) = tiny(dropout=0), pair(1)
    assert set(model.signatures()["serving_default"].inputs) == {"images"}
    assert set(tiny().signatures()["png"].inputs) == {"image_bytes", "seed"}
    np.testing.assert_array_equal(model.translate(a, [1]), model.translate(a, [2]))


def test_dropout_of_training_is_that_of_answers():
    """Served noise has the spread of the training's: over many seeds, the mean and deviation."""
    model, (a, _) = tiny(image_size=8), pair(1)
    same = np.repeat(a, 256, axis=0)
    generator = model.served_network("generator")
    trained = generator(same, training=True).numpy()
    served = model.translate(same, np.arange(256))
    np.testing.assert_allclose(served.mean(0), trained.mean(0), atol=0.02)
    np.testing.assert_allclose(served.std(0).mean(), trained.std(0).mean(), rtol=0.1)
    assert np.abs(generator(same[:2])[0] - served[0]).max() > 1e-5


@pytest.mark.slow
def test_one_pair_is_learnt_by_heart():
    keras.utils.set_random_seed(0)
    model = Pix2Pix(image_size=64, filters=16, discriminator_filters=8, patch_size=16, dropout=0)
    model.compile(jit_compile=False)
    rng = np.random.default_rng(0)
    smooth = keras.ops.image.resize(rng.uniform(-1, 1, (2, 8, 8, 3)), (64, 64)).numpy()
    batch = {"a": smooth[:1], "b": smooth[1:]}
    model.fit({k: np.repeat(v, 300, axis=0) for k, v in batch.items()}, batch_size=1, verbose=0)
    assert np.abs(model.translate(batch["a"]) - batch["b"]).mean() < 0.05


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"patch_size": 71}, "patch_size must be one of 1, 16, 34, 70"),
        ({"image_size": 64, "patch_size": 286}, "at least 96"),
        ({"image_size": 100}, "multiple of 64"),
        ({"image_size": None}, "must be known"),
        ({"adversarial_weight": 0, "l1_weight": 0}, "both 0"),
        ({"filters": 0}, "filters must be a whole number"),
        ({"dropout": 1.0}, "below 1"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UserInputError, match=message):
        Pix2Pix(**arguments)


@pytest.mark.parametrize("seeds", [[1], [1.0, 2.0], 3])
def test_wrong_seeds(seeds):
    with pytest.raises(UserInputError, match="seeds are a list of whole numbers, 2 of them"):
        tiny().translate(pair(2)[0], seeds)
