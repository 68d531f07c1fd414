"""CAN: the two forms of ambiguity, the networks, and who learns what."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import keras_private, models, runs, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.losses import ambiguity
from tfgan_suite.models.can import networks


def tiny(**arguments):
    return models.build({"name": "can", "preset": "tiny", **arguments})


@pytest.mark.parametrize(
    ("num_styles", "softmax", "binary"),
    [
        (2, 0.693147, 1.386294),
        (10, 2.302585, 3.250830),
        (25, 3.218876, 4.198604),
        (27, 3.295837, 4.277085),
    ],
)
def test_least_values(num_styles, softmax, binary):
    equal = np.zeros((1, num_styles), np.float32)
    assert float(ambiguity.softmax(equal)[0]) == pytest.approx(softmax, abs=1e-6)
    least = equal - np.log(num_styles - 1)
    assert float(ambiguity.binary(least)[0]) == pytest.approx(binary, abs=2e-6)
    others = np.random.default_rng(0).normal(0, 3, (100, num_styles)).astype(np.float32)
    assert np.min(ambiguity.softmax(others)) > softmax
    assert np.min(ambiguity.binary(others)) > binary


def test_values_at_zero_and_the_gradient_of_the_binary_form():
    zeros = np.zeros((1, 25), np.float32)
    assert float(ambiguity.binary(zeros)[0]) == pytest.approx(17.328680, rel=1e-6)
    logits = tf.constant(np.random.default_rng(0).normal(size=(1, 25)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = ambiguity.binary(logits)
    np.testing.assert_allclose(tape.gradient(loss, logits), tf.sigmoid(logits) - 1 / 25, atol=1e-6)


def test_shapes_of_the_paper():
    with keras_private.without_values():
        generator = networks.can_generator(256, 3)
        discriminator = networks.can_discriminator(256, 3, 25)
    widths = [layer.output.shape[1:] for layer in generator.layers if layer.name.startswith("relu")]
    assert [(size, width) for size, _, width in widths] == [
        (4, 1024),
        (8, 1024),
        (16, 512),
        (32, 256),
        (64, 128),
        (128, 64),
    ]
    assert generator.output_shape == (None, 256, 256, 3)
    assert discriminator.get_layer("leaky_relu_4").output.shape == (None, 4, 4, 512)
    assert discriminator.output_shape == [(None, 1), (None, 25)]


def test_the_style_head_learns_on_real_images_alone():
    model = tiny()
    batch = testing.random_batch(model, 4)
    head = [v for v in model.discriminator.trainable_variables if "style" in v.path]
    gradients = []
    for seed in (0, 1):
        latents = np.random.default_rng(seed).normal(size=(4, 4)).astype(np.float32)
        with tf.GradientTape() as tape:
            loss = model.discriminator_loss(batch["image"], batch["label"], latents)
            total = tf.add_n([tf.reduce_mean(term) for term in loss.terms.values()])
        gradients.append(tape.gradient(total, [v.value for v in head]))
    for first, second in zip(*gradients, strict=True):
        assert np.any(first)
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_the_generator_learns_through_both_heads(weight):
    model = tiny(ambiguity_weight=weight)
    latents = np.random.default_rng(0).normal(size=(4, 4)).astype(np.float32)
    variables = [v.value for v in model.generator.trainable_variables]
    with tf.GradientTape(persistent=True) as tape:
        terms = model.generator_loss(latents).terms
        losses = {name: tf.reduce_mean(term) for name, term in terms.items()}
    adversarial = tape.gradient(losses["adversarial"], variables)
    through_style = tape.gradient(losses["ambiguity"], variables)
    assert all(np.any(g) for g in adversarial)
    assert all(np.any(g) == bool(weight) for g in through_style)


def test_an_untrained_style_head_knows_nothing():
    model = tiny(num_styles=25)
    batch = testing.random_batch(model, 8)
    loss = model.discriminator_loss(batch["image"], batch["label"], np.zeros((8, 4), np.float32))
    assert float(np.mean(loss.terms["style"])) == pytest.approx(np.log(25), abs=0.5)


def test_every_style_needs_examples(tmp_path):
    config = runs.default_config()
    config.model = {"name": "can", "preset": "tiny", "num_styles": 6}
    config.data = {"source": "textures", "num_examples": 40, "num_test": 4}
    config.update({"batch_size": 8, "images": 8})
    with (
        pytest.warns(UserWarning, match="has 5 classes; .* Build it with num_styles=5"),
        pytest.raises(UserInputError, match="no example of 5 as label; .* from 0 to 5") as refused,
    ):
        runs.train(config, tmp_path / "run")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "run/checkpoints").exists()


def test_what_does_not_fit_is_refused():
    with pytest.raises(UserInputError, match="'softmax'"):
        tiny(ambiguity="soft_max")
    with pytest.raises(UserInputError, match="16, 32, 64, 128, 256"):
        tiny(image_size=24)
    with pytest.raises(UserInputError, match="no real images"):
        tiny(loss="relativistic")
    with pytest.raises(UserInputError, match="style_units"):
        tiny(style_units=8)
