"""3D-VAE-GAN: its encoder, its losses and whom they move, and what it is shown."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models.threed_vae_gan.networks import image_encoder
from tfgan_suite.signatures import shaded_view, shaded_views


def tiny(**arguments):
    return models.build({"name": "threed_vae_gan", "preset": "tiny", **arguments})


def with_encoder(model, mean, log_variance):
    """Gives the encoder the same answer to all images."""
    for head, value in (("mean", mean), ("log_variance", log_variance)):
        layer = model.encoder.get_layer(head)
        layer.kernel.assign(tf.zeros_like(layer.kernel))
        layer.bias.assign(tf.fill(layer.bias.shape, value))
    return model


def inputs(model, num=4, seed=0):
    """Returns images, volumes and noise."""
    volumes = testing.random_batch(model, num, seed)["volume"]
    epsilon = np.random.default_rng(seed).normal(size=(num, 4)).astype(np.float32)
    return model.render(volumes, np.arange(num)), volumes, epsilon


def test_number_of_parameters():
    """Kernels of 11, 5, 5, 5 and 8, gains and offsets of the norms, biases of the two heads."""
    expected = 121 * 64 + 25 * (64 * 128 + 128 * 256 + 256 * 512) + 64 * 512 * 400
    assert testing.parameter_count(image_encoder) == expected + 2 * (64 + 128 + 256 + 512) + 400
    encoder = image_encoder(64, filters=2, latent_size=3)
    assert encoder.get_layer("relu_8").output.shape[1:] == (8, 8, 4)


def test_the_divergence_is_summed_over_the_latents():
    """0.5 for each of 4 latents of mean 1 and deviation 1, with the paper's weight of 5."""
    model = tiny()
    for mean, expected in ((0.0, 0.0), (1.0, 5 * 0.5 * 4)):
        terms = with_encoder(model, mean, 0.0).encoder_loss(*inputs(model)).terms
        np.testing.assert_allclose(terms["kl"], [expected] * 4, atol=1e-6)


def test_the_reconstruction_is_the_distance_of_what_is_made_of_a_draw():
    model = with_encoder(tiny(reconstruction_weight=3.0), 0.5, np.log(0.25))
    images, volumes, epsilon = inputs(model)
    made = model.generator(0.5 + 0.5 * epsilon, training=False).numpy()
    expected = 3 * np.sqrt(((made - volumes) ** 2).sum(axis=(1, 2, 3, 4)))
    of_encoder = model.encoder_loss(images, volumes, epsilon, training=False)
    np.testing.assert_allclose(of_encoder.terms["reconstruction"], expected, rtol=1e-5)
    of_generator = model.generator_loss(epsilon, volumes, images, epsilon, training=False)
    np.testing.assert_allclose(of_generator.terms["reconstruction"], expected, rtol=1e-5)


def test_the_generator_keeps_its_adversarial_loss():
    model = tiny()
    images, volumes, epsilon = inputs(model)
    whole = model.generator_loss(epsilon, volumes, images, epsilon, training=False)
    alone = super(type(model), model).generator_loss(epsilon, volumes, training=False)
    np.testing.assert_array_equal(whole.terms["adversarial"], alone.terms["adversarial"])


def test_the_generators_loss_has_no_gradient_for_the_encoder():
    model = tiny()
    images, volumes, epsilon = inputs(model)
    with tf.GradientTape() as tape:
        loss = model.generator_loss(epsilon, volumes, images, epsilon)
        total = tf.add_n(list(loss.terms.values()))
    weights = [v.value for v in model.encoder.trainable_variables]
    assert all(gradient is None for gradient in tape.gradient(total, weights))


def test_the_gate_is_that_of_3d_gan():
    model = tiny(accuracy_gate=0.0)
    model.compile(run_eagerly=True)
    before = model.discriminator.get_weights()
    logs = model.train_on_batch(testing.random_batch(model, 4), return_dict=True)
    moved = any(
        not np.array_equal(*pair)
        for pair in zip(before, model.discriminator.get_weights(), strict=True)
    )
    assert moved == (logs["discriminator/accuracy"] == 0)


def test_the_encoder_sees_each_volume_from_one_of_the_sides():
    model, seen = tiny(), []
    loss = model.encoder_loss

    def spy(images, real, epsilon, training=True):
        seen.append((images.numpy(), real.numpy()))
        return loss(images, real, epsilon, training=training)

    model.encoder_loss = spy
    model.compile(run_eagerly=True)
    model.train_on_batch(testing.random_batch(model, 16))
    images, real = seen[0]
    views = np.stack([model.render(real, np.full(16, turn)) for turn in range(3)])
    same = (views == images).all(axis=(2, 3, 4))
    assert same.any(axis=0).all()
    assert same.any(axis=1).all()  # each side of some volume


def test_a_view_is_that_of_its_side():
    volumes = testing.random_batch(tiny(), 3)["volume"]
    turns = [0.0, 100.0, 200.0]
    all_sides = shaded_views(volumes, turns, 10.0, 32).numpy().reshape(3, 32, 3, 32)
    views = shaded_view(volumes, [2, 0, 1], turns, 10.0, 32).numpy()[..., 0]
    for row, side in enumerate((2, 0, 1)):
        np.testing.assert_array_equal(views[row], all_sides[row, :, side])


def test_images_become_volumes_and_latents():
    model = tiny()
    images, volumes, _ = inputs(model)
    latents = model.encode(images)
    assert latents.shape == (4, 4)
    made = model.predict(images, verbose=0)
    assert made.shape == volumes.shape
    np.testing.assert_allclose(model.decode(latents), made, atol=1e-6)
    answers = model.signatures()
    assert set(answers) == {"serving_default", "png", "encode", "from_seed", "from_latents"}
    np.testing.assert_allclose(answers["serving_default"](images=images)["occupancy"], made, 1e-5)
    of_seed = answers["from_seed"](seed=[3])["occupancy"]
    np.testing.assert_allclose(model.sample([3]), of_seed, atol=1e-6)


def test_what_does_not_fit_is_refused():
    with pytest.raises(UserInputError, match="one of 32, 64, 128, 256"):
        tiny(image_size=48)
    with pytest.raises(UserInputError, match="kl_weight must be a number"):
        tiny(kl_weight=-1)
    model = tiny()
    volumes = testing.random_batch(model, 2)["volume"]
    with pytest.raises(UserInputError, match="a whole number as turn for each of the 2"):
        model.render(volumes, [0.5, 1])
    with pytest.raises(
        UserInputError, match=r"volumes has shape .* expected \(batch, 8, 8, 8, 1\)"
    ):
        model.render(volumes[:, :4], [0, 1])
    with pytest.raises(UserInputError, match="of the field volume"):
        model.draw(2)
