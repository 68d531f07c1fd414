"""LAPGAN: its pyramid, networks and games, by the checks of the paper."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import LAPGAN
from tfgan_suite.models.lapgan import networks
from tfgan_suite.networks.pyramids import resized


def tiny(**arguments):
    return models.build({"name": "lapgan", "preset": "tiny", **arguments})


def images(num=4, size=10, channels=1):
    rng = np.random.default_rng(0)
    return rng.uniform(-0.5, 0.5, (num, size, size, channels)).astype(np.float32)


def test_numbers_of_parameters():
    count = testing.parameter_count
    assert count(lambda: networks.detail_generator(14, 3, 0, 64)) == 218_179
    found = {
        size: count(lambda size=size: networks.detail_discriminator(size, 3, 0, 64, "add", 0.5))
        for size in (14, 28, 32)
    }
    assert found == {14: 107_905, 28: 113_729, 32: 116_545}


def test_losses_at_logit_zero():
    model = tiny()
    model.compile()
    for level in model.levels:
        discriminator = getattr(model, level.discriminator)
        discriminator.set_weights([0 * w for w in discriminator.get_weights()])
    logs = model.evaluate(testing.random_batch(model, 4), verbose=0, return_dict=True)
    for level in model.levels:
        player = level.discriminator
        assert logs[f"{player}/real"] + logs[f"{player}/fake"] == pytest.approx(1.3863, abs=1e-4)
        assert logs[f"{level.generator}/adversarial"] == pytest.approx(0.6931, abs=1e-4)


def test_the_true_details_give_the_images_back():
    model = tiny(num_classes=0)
    real = images()
    (coarsest, _), *details = model.pyramid(tf.constant(real))
    # In the place of each generator's answer.
    model._made = lambda level, noise, given: details[0][0]
    found = model._grown(coarsest, [None] * len(details), [])
    np.testing.assert_allclose(found, real, atol=1e-6)


def test_details_are_small_and_around_zero_on_smooth_images():
    model = tiny(num_classes=0)
    x, y = np.meshgrid(np.linspace(0, 1, 10), np.linspace(0, 1, 10))
    smooth = np.sin(3 * x + 2 * y)[None, :, :, None].astype(np.float32)
    _, (details, _) = model.pyramid(tf.constant(smooth))
    assert np.std(details) < 0.3 * np.std(smooth)
    assert abs(np.mean(details)) < 0.05


@pytest.mark.parametrize("join", ["add", "concatenate"])
def test_what_the_discriminator_sees_of_details(join):
    model = tiny(join=join, num_classes=0)
    details, coarse, moved = images(), images()[::-1], 0.3 * images()[:1]
    logits, others = (
        model.discriminator_10([details + delta, coarse - delta]).numpy() for delta in (0, moved)
    )
    same = np.allclose(logits, others, atol=1e-6)
    assert same == (join == "add")


def test_a_step_of_one_level_moves_no_other():
    """A level without gradient stays as it is, and so do those beside it."""
    model = tiny(num_classes=0)
    model.compile()
    other = tiny(num_classes=0)
    other.set_weights(model.get_weights())
    other.compile()
    other.generator_10_optimizer.learning_rate = 0.0
    other.discriminator_10_optimizer.learning_rate = 0.0
    batch = testing.random_batch(model, 4)
    for each in (model, other):
        each.train_on_batch(batch)
    for name in ("generator_4", "discriminator_4"):
        for mine, theirs in zip(
            getattr(model, name).get_weights(), getattr(other, name).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(mine, theirs)
    assert np.any(model.generator_10.get_weights()[0] != other.generator_10.get_weights()[0])


def test_details_follow_the_noise_and_the_coarser_images():
    generator = networks.detail_generator(10, 3, 0, 4)
    assert generator.get_layer("conv_0").kernel.shape[2] == 4
    noise, coarse = images(2), images(2, channels=3)
    first = generator([noise, coarse]).numpy()
    assert not np.allclose(first, generator([noise + 0.5, coarse]))
    assert not np.allclose(first, generator([noise, coarse + 0.5]))


def test_samples_are_of_the_class_and_refine_starts_at_the_given_images():
    model = tiny()
    seeds = [0, 0, 1]
    samples = model.sample(seeds, [0, 1, 0])
    assert samples.shape == (3, 10, 10, 1)
    assert not np.allclose(samples[0], samples[1])
    np.testing.assert_array_equal(model.sample([0], [1])[0], samples[1])
    coarse = 0.5 * np.ones((2, 4, 4, 1), np.float32)
    refined = model.refine(np.concatenate([coarse[:1], -coarse[1:]]), [0, 0], [1, 1])
    assert refined[0].mean() > refined[1].mean()


def test_what_does_not_fit_is_refused():
    with pytest.raises(UserInputError, match=r"rising.*\(8, 14, 28\)"):
        LAPGAN(sizes=(28, 14, 8))
    with pytest.raises(UserInputError, match="at least 9"):
        LAPGAN(sizes=(4, 8))
    with pytest.raises(UserInputError, match="two whole numbers"):
        LAPGAN(generator_units=[8])
    with pytest.raises(UserInputError, match="'concatenate'"):
        LAPGAN(join="concat")
    model = tiny()
    with pytest.raises(UserInputError, match="from 0 to 2"):
        model.sample([0], [3])
    with pytest.raises(UserInputError, match="from 0 to 2"):
        model.sample([0])
    with pytest.raises(UserInputError, match="seeds"):
        model.sample(3, [1])
    with pytest.raises(UserInputError, match=r"coarse has shape .* expected \(batch, 4, 4, 1\)"):
        model.refine(np.zeros((1, 5, 5, 1)), [0], [1])
    with pytest.raises(UserInputError, match="no classes"):
        tiny(num_classes=0).sample([0], [0])
    with pytest.raises(UserInputError, match="Missing: \\['class_id'\\]"):
        model({"latents": np.zeros((1, 4)), "noise_10": np.zeros((1, 10, 10, 1))})


@pytest.mark.parametrize("size, other", [(8, 16), (14, 28), (16, 8), (8, 14)])
def test_no_images_are_resized_to_none_and_borders_are_mirrored(size, other):
    resize = tf.function(lambda images: resized(images, other))
    assert resize(tf.zeros([0, size, size, 1])).shape == (0, other, other, 1)
    ramp = tf.range(size, dtype=tf.float32)[None, :, None, None] * tf.ones([1, 1, size, 1])
    mirrored = tf.concat([ramp[:, ::-1], ramp], axis=1)
    assert float(tf.reduce_max(tf.abs(resize(ramp)))) <= float(tf.reduce_max(mirrored)) + 1e-5
