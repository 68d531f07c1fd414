"""ProGAN against its paper: counts, components, growth."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import ProGAN
from tfgan_suite.models.progan.networks import growing_generator
from tfgan_suite.networks.progressive import growing_discriminator, part_of

SMALL = {"image_size": 32, "filters_base": 512, "filters_max": 64}


def images(num, size=8, channels=1):
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (num, size, size, channels)).astype(np.float32)


def tiny(**arguments):
    """16 images of size 4, then a fade of 16."""
    return ProGAN(**{**ProGAN.presets["tiny"], "fade_images": 16, **arguments})


def after(model, num):
    """The model as it is after so many images."""
    model.images_seen.assign(num)
    model.stage_index.assign(model.stages.index_at(num))
    model.find_stage()
    return model


def latents(num=2):
    return np.random.default_rng(0).normal(size=(num, 8)).astype(np.float32)


@pytest.mark.parametrize(
    ("arguments", "generator", "discriminator"),
    [
        (SMALL, 278_636, 279_521),
        ({"image_size": 128}, 22_933_394, 22_941_313),
        ({"image_size": 1024}, 23_079_115, 23_087_249),
    ],
)
def test_counts_are_the_papers(arguments, generator, discriminator):
    latent_size = 64 if arguments == SMALL else 512
    counts = (
        testing.parameter_count(lambda: growing_generator(latent_size=latent_size, **arguments)),
        testing.parameter_count(lambda: growing_discriminator(**arguments)),
    )
    assert counts == (generator, discriminator)


def test_at_the_beginning_of_a_fade_nothing_changes():
    """G makes the enlarged image of the size before; D judges as it did."""
    model = after(tiny(ema_half_life=None), 0)
    small = model.predict(latents(), verbose=0)
    judged = model.judge(tf.constant(small), 1.0, False)
    large = after(model, 16).predict(latents(), verbose=0)
    np.testing.assert_array_equal(large, small.repeat(2, axis=1).repeat(2, axis=2))
    np.testing.assert_allclose(
        model.judge(tf.constant(large), tf.constant(0.0), False), judged, atol=1e-5
    )


def test_at_the_end_of_a_fade_it_is_the_grown_network():
    model = after(tiny(), 16)
    faded = model.generate(latents(), tf.constant(1.0), False)
    judged = model.judge(faded, tf.constant(1.0), False)
    after(model, 32)
    np.testing.assert_allclose(model.generate(latents(), 1.0, False), faded, atol=1e-6)
    np.testing.assert_allclose(model.judge(faded, 1.0, False), judged, atol=1e-5)


def test_reals_fade_with_the_networks():
    model = after(tiny(), 16)
    x = tf.constant(images(2))
    blurred = tf.nn.avg_pool2d(x, 2, 2, "VALID").numpy().repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(model.seen(x, 0.0), blurred, atol=1e-6)
    np.testing.assert_allclose(model.seen(x, 1.0), x, atol=1e-6)
    np.testing.assert_allclose(model.seen(x, 0.25), 0.75 * blurred + 0.25 * x, atol=1e-6)


def test_stages_and_alpha_of_the_authors_schedule():
    model = ProGAN(**{**SMALL, "latent_size": 8}, stable_images=600, fade_images=600)
    expected = {0: ("4", 1), 600: ("8_fade", 0), 900: ("8_fade", 0.5), 1200: ("8", 1)}
    for seen, (name, alpha) in {**expected, 1800: ("16_fade", 0)}.items():
        after(model, seen)
        assert model.stage.name == name
        assert float(model.alpha) == alpha


def test_a_fade_is_one_trace():
    model = after(tiny(fade_images=64), 16)
    model.compile(jit_compile=False)
    alphas = []
    for _ in range(3):
        alphas.append(float(model.alpha))
        model.train_on_batch(images(8))
    assert alphas == [0, 0.125, 0.25]
    for compiled in model._cache.gradient_functions.values():
        assert compiled.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("resets", [True, False])
def test_moments_begin_anew_with_a_size_as_declared(resets):
    model = tiny(reset_optimizers=resets)
    model.compile(run_eagerly=True)
    for _ in range(3):  # two of them at size 4
        model.train_on_batch(images(8))
    assert int(model.generator_optimizer.iterations.numpy()) == (1 if resets else 3)


def test_resume_in_the_middle_of_a_fade_is_exact(tmp_path):
    testing.check_resume_is_exact(
        lambda: ProGAN(**{**ProGAN.presets["tiny"], "stable_images": 8, "fade_images": 64}),
        tmp_path,
    )


def test_learning_rates_by_size():
    model = ProGAN(**{**ProGAN.presets["tiny"], "learning_rates": {4: 1e-3, 8: 2e-3}})
    model.compile()
    rates = []
    for seen in (0, 15, 16, 100):
        model.images_seen.assign(seen)
        rates.append(float(model.generator_optimizer.learning_rate))
    np.testing.assert_allclose(rates, [1e-3, 1e-3, 2e-3, 2e-3])


def test_drift_and_penalty_at_a_constant_discriminator():
    model = tiny()
    model.compile(run_eagerly=True)
    for weight in model.discriminator.weights:
        weight.assign(tf.zeros_like(weight))
    model.discriminator.get_layer("score").bias.assign([3.0])
    logs = model.test_on_batch(images(8), return_dict=True)
    np.testing.assert_allclose(logs["discriminator/loss"], 10 + 0.009, rtol=1e-4)


def test_samples_have_the_size_of_the_stage():
    model = tiny()
    assert [after(model, n).sample([1, 2]).shape[1] for n in (0, 16, 32)] == [4, 8, 8]


def test_the_part_of_a_size_holds_its_weights_alone():
    network = growing_generator(32, 3, 8, 64, 8)
    part = part_of(network, ["latents"], ["image_8"])
    assert part.count_params() < network.count_params()
    names = {weight.path.split("/")[0] for weight in part.weights}
    assert "image_8" in names
    assert not {"image_4", "image_16", "convolution_16_a"} & names


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"image_size": 48}, "image_size.*48"),
        ({"first_size": 16}, "first_size.*16"),
        ({"stable_images": 0}, "stable_images"),
        ({"fade_images": 2.5}, "fade_images"),
        ({"batch_sizes": {64: 8}}, "batch_sizes has the size 64"),
        ({"batch_sizes": {8: 0}}, "batch_sizes"),
        ({"learning_rates": {"a": 1}}, "learning_rates"),
        ({"deviation_group": 0}, "deviation_group"),
        ({"latent_distribution": "cauchy"}, "cauchy"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises(UserInputError, match=words):
        ProGAN(**{**ProGAN.presets["tiny"], **arguments})


def test_a_group_that_does_not_divide_the_batch_is_refused():
    model = models.build({"name": "progan", "preset": "tiny", "deviation_group": 3})
    model.compile()
    with pytest.raises(UserInputError, match=r"groups of 3 examples .* batch of 8"):
        model.train_on_batch(images(8))
