"""Values of specs and papers that CGAN has to hold."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import CGAN
from tfgan_suite.models.cgan import networks

CONDITIONS = ["concatenation", "projection", "auxiliary"]


def tiny(**arguments):
    return models.build({"name": "cgan", "preset": "tiny", **arguments})


def without_opinion(model):
    """D's last layers give 0 whatever comes in."""
    for layer in model.discriminator.layers:
        if layer.name.startswith(("logits", "class_logits", "class_vectors")):
            inner = getattr(layer, "layer", layer)
            inner.set_weights([np.zeros_like(w) for w in inner.get_weights()])
    return model


def losses(model):
    model.compile()
    return model.test_on_batch(testing.random_batch(model), return_dict=True)


def test_the_papers_networks_have_the_papers_size():
    generator, discriminator = networks.mlp_pair((28, 28, 1), 10)
    assert (generator.count_params(), discriminator.count_params()) == (2_413_984, 1_224_351)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_samples_depend_on_the_class(condition):
    model = tiny(condition=condition)
    for layer in model.served_network(
        "generator"
    ).layers:  # gains and biases begin equal for all classes
        if layer.name.startswith(("gain_", "bias_")) and layer.weights:
            layer.set_weights([np.random.default_rng(0).normal(size=layer.weights[0].shape)])
    images = model.sample([5, 5], [0, 1])
    assert np.abs(images[0] - images[1]).max() > 1e-4


def test_predict_and_export_take_both_inputs(tmp_path):
    model = tiny()
    latents = np.random.default_rng(0).normal(size=(2, model.latent_size)).astype("float32")
    class_id = np.array([1, 0], np.int32)
    expected = model.predict([latents, class_id], verbose=0)
    by_name = model.predict({"class_id": class_id, "latents": latents}, verbose=0)
    np.testing.assert_array_equal(by_name, expected)
    with pytest.raises(ValueError, match=r"expects 2 (named )?input"):
        model.predict(latents, verbose=0)
    model.export(tmp_path / "exported", verbose=False)
    answer = tf.saved_model.load(tmp_path / "exported").signatures["serving_default"]
    (images,) = answer(latents=tf.constant(latents), class_id=tf.constant(class_id)).values()
    np.testing.assert_allclose(images, expected, atol=1e-5)


@pytest.mark.parametrize("wrong", [[0, 9], [-1, 0]])
def test_predict_refuses_classes_that_do_not_exist(wrong):
    model = tiny()
    latents = np.zeros((2, model.latent_size), np.float32)
    for inputs in ([latents, np.array(wrong)], {"latents": latents, "class_id": np.array(wrong)}):
        with pytest.raises(UserInputError, match="^Input class_id: expected 0 to .* of a batch.$"):
            model.predict(inputs, verbose=0)


@pytest.mark.parametrize("condition", ["concatenation", "projection"])
def test_the_discriminator_looks_at_the_class(condition):
    model = tiny(condition=condition)
    images = testing.random_batch(model, 2)["image"][:1].repeat(3, axis=0)
    logits = model.discriminator([images, np.arange(3)]).numpy()
    assert len(np.unique(logits)) == 3


def test_the_projection_is_an_inner_product_with_the_class_vector():
    discriminator = networks.convolutional_discriminator(
        8, 1, 3, filters=4, condition="projection", spectral_norm=False
    )
    images = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype(np.float32)
    features = keras.Model(discriminator.input, discriminator.get_layer("features").output)(
        [images, np.zeros(4, np.int32)]
    ).numpy()
    vectors = discriminator.get_layer("class_vectors").embeddings.numpy()
    first, second = (discriminator([images, np.full(4, y)]).numpy()[:, 0] for y in (0, 2))
    np.testing.assert_allclose(first - second, features @ (vectors[0] - vectors[2]), atol=1e-5)


def test_features_are_summed_over_positions():
    discriminator = networks.convolutional_discriminator(8, 1, 3, filters=4, condition="projection")
    maps = keras.Model(discriminator.input, discriminator.get_layer("leaky_relu_4_1").output)
    features = keras.Model(discriminator.input, discriminator.get_layer("features").output)
    inputs = [np.ones((1, 8, 8, 1), np.float32), np.zeros(1, np.int32)]
    np.testing.assert_allclose(
        features(inputs), np.sum(maps(inputs), axis=(1, 2)), rtol=1e-5, atol=1e-6
    )


def test_spectral_norms_are_one_after_some_steps():
    model = tiny(filters=8)
    inputs = testing.random_batch(model, 4)
    for _ in range(30):
        model.discriminator([inputs["image"], inputs["label"]], training=True)
    checked = 0
    for layer in model.discriminator.layers:
        if layer.name.endswith("_spectral"):
            weight = layer._weight.numpy()
            matrix = weight.reshape(-1, weight.shape[-1])
            u = layer.u.numpy()
            v = u @ matrix.T
            v /= np.linalg.norm(v)
            found = np.linalg.norm(v @ matrix)
            np.testing.assert_allclose(found, np.linalg.svd(matrix)[1][0], rtol=0.02)
            checked += 1
    assert checked == 5  # three convolutions, the logit, the class vectors


def test_hinge_without_opinion():
    logs = losses(without_opinion(tiny(loss="hinge")))
    np.testing.assert_allclose(logs["discriminator/real"] + logs["discriminator/fake"], 2.0)
    np.testing.assert_allclose(logs["generator/adversarial"], 0.0, atol=1e-6)


@pytest.mark.parametrize("on_fake", [True, False])
def test_auxiliary_without_opinion(on_fake):
    model = tiny(condition="auxiliary", num_classes=10, aux_on_fake=on_fake)
    logs = losses(without_opinion(model))
    total = logs["discriminator/real"] + logs["discriminator/fake"]
    np.testing.assert_allclose(total, 1.386294, rtol=1e-5)
    np.testing.assert_allclose(logs["discriminator/class_real"], 2.302585, rtol=1e-5)
    assert ("discriminator/class_fake" in logs) == on_fake
    np.testing.assert_allclose(logs["generator/class_fake"], 2.302585, rtol=1e-5)


def test_auxiliary_players_descend_on_the_class_too():
    """G's gradient raises P(class of its fakes), D's raises P(class of reals)."""
    model = tiny(condition="auxiliary", batch_norm_group_size=None)
    batch = testing.random_batch(model, 8)
    z = tf.constant(np.random.default_rng(0).normal(size=(8, 4)), tf.float32)
    label = tf.constant(batch["label"][:8])
    image = tf.constant(batch["image"][:8])
    for loss, arguments, network, term in (
        (model.generator_loss, (z, label, image, label), model.generator, "class_fake"),
        (model.discriminator_loss, (image, label, z, label), model.discriminator, "class_real"),
    ):
        variables = [v.value for v in network.trainable_variables]
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(*arguments).terms[term])
        for variable, gradient in zip(variables, tape.gradient(value, variables), strict=True):
            if gradient is not None:
                variable.assign_sub(0.01 * tf.convert_to_tensor(gradient))
        assert tf.reduce_mean(loss(*arguments).terms[term]) < value


@pytest.mark.parametrize("fake_labels", ["uniform", "prior"])
def test_labels_of_fakes(fake_labels):
    model = tiny(fake_labels=fake_labels, critic_steps=1)
    seen = []
    loss = model.discriminator_loss

    def spy(real, label, latents, fake_label, training=True):
        seen.append((label.numpy(), fake_label.numpy()))
        return loss(real, label, latents, fake_label, training=training)

    model.discriminator_loss = spy
    model.compile(run_eagerly=True)
    for seed in range(4):
        batch = testing.random_batch(model, 32, seed)
        model.train_on_batch(batch["image"], np.zeros(32, np.int32))
    labels = np.concatenate([fakes for _, fakes in seen])
    if fake_labels == "prior":
        assert (labels == 0).all()
    else:
        assert 0.2 < min(np.bincount(labels, minlength=3)) / len(labels) < 0.4


def test_learns_the_class_of_the_ring():
    """Label 0: dark images, 1: grey, 2: bright."""
    keras.utils.set_random_seed(0)
    model = tiny(condition="concatenation", batch_norm_group_size=None, filters=8)
    model.compile(keras.optimizers.Adam(1e-3, beta_1=0.5))
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 4096)
    images = (0.7 * (labels - 1))[:, None, None, None] + 0.05 * rng.normal(size=(4096, 8, 8, 1))
    model.fit(images.astype(np.float32), labels, batch_size=64, epochs=12, verbose=0)
    asked = np.arange(300) % 3
    brightness = model.sample(np.arange(300), asked).mean(axis=(1, 2, 3))
    nearest = np.argmin(np.abs(brightness[:, None] - [-0.7, 0.0, 0.7]), axis=1)
    assert (nearest == asked).mean() > 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"condition": "projektion"}, "Did you mean 'projection'"),
        ({"architecture": "mlp", "condition": "auxiliary"}, "knows condition=.concatenation"),
        ({"num_classes": 1}, "at least 2"),
        ({"critic_steps": 0}, "critic_steps must be a whole number of at least 1"),
        ({"image_size": 9}, "must be one of 8, 16"),
        ({"dropout": 0.5}, "dropout is for"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UserInputError, match=message):
        CGAN(**arguments)


def test_wrong_classes_are_refused():
    model = tiny()
    with pytest.raises(UserInputError, match=r"0 to 2, 1 of them. Received: \[3\]"):
        model.sample([0], [3])
    with pytest.raises(UserInputError, match=r"2 of them. Received: \[3\]"):
        model.sample([0, 1], [3])
    model.compile()
    images = testing.random_batch(model, 8)["image"]
    labels = np.zeros(16, np.int32)
    labels[13] = 7  # far behind the first batch
    with pytest.raises(UserInputError, match="label holds 7 in example 13; expected classes from"):
        model.fit(images, labels, batch_size=2, verbose=0)
    dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(4)
    with pytest.raises(UserInputError, match="label holds 7 in example 1; expected classes from"):
        model.fit(dataset, verbose=0)
