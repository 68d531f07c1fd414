"""Values of the paper that VGAN has to hold, and what its two streams do."""

import io
import math

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import VGAN


def tiny(**arguments):
    return models.build({"name": "vgan", "preset": "tiny", **arguments})


def latents(num=3, size=8):
    return np.random.default_rng(0).normal(size=(num, size)).astype("float32")


def masked(model, value):
    """Sets the mask to 0 or 1 everywhere."""
    head = model.generator.get_layer("mask_head")
    kernel, bias = head.get_weights()
    head.set_weights([np.zeros_like(kernel), np.full_like(bias, 200 * value - 100)])
    return model


def test_networks_have_the_papers_size():
    def made(network):
        return testing.parameter_count(
            lambda: getattr(VGAN(**models.presets("vgan")["paper_64"]), network)
        )

    norms = 2 * (512 + 256 + 128 + 64)
    trunk = 512 * 256 + 256 * 128 + 128 * 64
    foreground = 100 * 2 * 16 * 512 + 64 * trunk + 64 * 64 * (3 + 1) + 3 + 1 + norms
    background = 100 * 16 * 512 + 16 * trunk + 16 * 64 * 3 + 3 + norms
    assert made("generator") == foreground + background
    # One logit in the place of the softmax of two.
    convolutions = 64 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512) + 64
    assert made("discriminator") == convolutions + 2 * (128 + 256 + 512) + 2 * 16 * 512 + 1


def test_shapes_of_the_two_streams():
    model = VGAN(image_size=32, num_frames=16, filters=2, latent_size=8)
    shapes = {
        layer.name: layer.output.shape[1:]
        for layer in model.generator.layers
        if layer.name in ("foreground_base", "foreground", "mask", "background_base", "background")
    }
    assert shapes == {
        "foreground_base": (2, 4, 4, 8),
        "foreground": (16, 32, 32, 3),
        "mask": (16, 32, 32, 1),
        "background_base": (4, 4, 8),
        "background": (32, 32, 3),
    }
    clip, mask = model.generator(latents())
    assert clip.shape == (3, 16, 32, 32, 3) and mask.shape == (3, 16, 32, 32, 1)


def test_without_foreground_all_frames_are_the_same():
    model = masked(tiny(), 0)
    clip, _ = model.generator(latents(4), training=True)
    assert np.abs(clip - clip[:, :1]).max() == 0
    assert np.abs(clip[0] - clip[1]).max() > 1e-6


def test_behind_a_full_mask_the_background_learns_nothing():
    model, z = masked(tiny(), 1), latents(4)
    real = tf.constant(testing.random_batch(model, 4)["clip"])
    with tf.GradientTape() as tape:
        terms = model.generator_loss(z, real).terms
        total = tf.add_n([tf.reduce_mean(term) for term in terms.values()])
    weights = {v.path: v.value for v in model.generator.trainable_variables}
    moved = {
        name: np.abs(gradient).max() for name, gradient in tape.gradient(total, weights).items()
    }
    background = {name: size for name, size in moved.items() if "background" in name}
    assert len(background) >= 6 and set(background.values()) == {0.0}
    assert all(size > 0 for name, size in moved.items() if "/foreground" in name)


def test_losses_without_opinion():
    """D half of 2 log 2, as the authors halve it; G log 2, and a tenth of a mask of a half."""
    model = tiny()
    for network, name in ((model.discriminator, "logits"), (model.generator, "mask_head")):
        layer = network.get_layer(name)
        layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    model.compile(run_eagerly=True)
    logs = model.test_on_batch(testing.random_batch(model), return_dict=True)
    np.testing.assert_allclose(logs["discriminator/loss"], math.log(2), rtol=1e-5)
    np.testing.assert_allclose(logs["generator/adversarial"], math.log(2), rtol=1e-5)
    np.testing.assert_allclose(logs["generator/mask"], 0.05, rtol=1e-5)
    np.testing.assert_allclose(logs["generator/mask_share"], 0.5, rtol=1e-5)


def test_clips_are_functions_of_seeds():
    model = tiny()
    made = model.sample([5, 6, 5])
    assert made.shape == (3, 4, 16, 16, 1) and np.abs(made).max() <= 1
    np.testing.assert_array_equal(made[0], made[2])
    assert np.abs(made[0] - made[1]).max() > 1e-6
    answer = model.signatures()["serving_default"](seed=np.array([5, 6, 5]))["frames"]
    np.testing.assert_allclose(answer, made, atol=1e-6)
    film = model.signatures()["gif"](seed=np.array([6]))["image_bytes"].numpy()[0]
    with Image.open(io.BytesIO(film)) as image:
        assert (image.n_frames, image.size) == (4, (16, 16))
        shown = np.asarray(image.convert("L")).astype(int)
    assert np.abs(shown - (made[1, 0, ..., 0] + 1) * 127.5).max() <= 1
    assert model.draw(2, seed=5).clips.shape == (2, 4, 16, 16, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_frames": 24}, "multiple of 16"),
        ({"num_frames": 0}, "multiple of 16"),
        ({"image_size": 48}, "one of 8, 16, 32, 64, 128"),
        ({"mask_weight": -1}, "mask_weight must be a number"),
        ({"filters": 0}, "filters must be a whole number"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UserInputError, match=message):
        VGAN(**arguments)


def test_clips_that_are_too_short():
    model = tiny()
    model.compile(run_eagerly=True)
    clips = testing.random_batch(model, 4)["clip"][:, :3]
    with pytest.raises(UserInputError, match=r"clip has shape \(4, 3, 16, 16, 1\); expected"):
        model.fit(clips, batch_size=4, verbose=0)
