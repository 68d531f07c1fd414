import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import GhostBatchNormalization, InstanceNormalization
from tfgan_suite.networks import dcgan_generator

SHAPES = [(8, 5), (8, 6, 3), (8, 4, 6, 3), (8, 2, 3, 4, 2)]


def normal(shape, mean=0.0, stddev=1.0, dtype="float32"):
    return np.random.default_rng(0).normal(mean, stddev, size=shape).astype(dtype)


def output_and_gradients(layer, x, output_gradient):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
    variables = [v.value for v in layer.trainable_variables]
    return [y, *tape.gradient(y, [x, *variables], output_gradients=output_gradient)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("group_size", [None, 8])
def test_one_group_is_keras_batch_normalization(shape, group_size):
    ghost = GhostBatchNormalization(group_size, momentum=0.9, epsilon=1e-5)
    plain = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    x, output_gradient = normal(shape, 3.0, 2.0), normal(shape)
    for layer in (ghost, plain):
        layer.build(shape)
        layer.gamma.assign(np.linspace(0.5, 2.0, shape[-1]))
        layer.beta.assign(np.linspace(-1.0, 1.0, shape[-1]))
    for ours, keras_own in zip(
        output_and_gradients(ghost, x, output_gradient),
        output_and_gradients(plain, x, output_gradient),
        strict=True,
    ):
        np.testing.assert_allclose(ours, keras_own, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ghost.moving_mean, plain.moving_mean, rtol=1e-6)
    # Keras keeps the biased variance.
    n = np.prod(shape[:-1])
    moved = [np.asarray(layer.moving_variance) - 0.9 for layer in (ghost, plain)]
    np.testing.assert_allclose(moved[0], moved[1] * n / (n - 1), rtol=1e-5)


def test_groups_equal_numpy():
    x = normal((6, 4, 5, 3), -2.0, 3.0)
    layer = GhostBatchNormalization(group_size=2, momentum=0.8, epsilon=1e-3)
    groups = x.reshape(3, 2, 4, 5, 3).astype("float64")
    mean = groups.mean(axis=(1, 2, 3), keepdims=True)
    variance = groups.var(axis=(1, 2, 3), keepdims=True)
    expected = ((groups - mean) / np.sqrt(variance + 1e-3)).reshape(x.shape)
    np.testing.assert_allclose(layer(x, training=True), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean, 0.2 * mean.mean(axis=0).ravel(), rtol=1e-5)
    np.testing.assert_allclose(
        layer.moving_variance, 0.8 + 0.2 * variance.mean(axis=0).ravel() * 40 / 39, rtol=1e-5
    )


@pytest.mark.parametrize("group_size", [2, 4, 16])
@pytest.mark.parametrize("known_batch", [True, False])
def test_inference_serves_the_scale_of_training_for_any_group_size(group_size, known_batch):
    layer = GhostBatchNormalization(group_size, momentum=0.95)
    layer.build((None, 3))
    spec = tf.TensorSpec((4096 if known_batch else None, 3))
    train = tf.function(lambda x: layer(x, training=True), input_signature=[spec])
    rng = np.random.default_rng(0)
    for _ in range(120):
        x = rng.normal(5.0, 2.0, (4096, 3)).astype(np.float32)
        trained = train(x)
    np.testing.assert_allclose(layer.moving_variance, 4.0, rtol=0.03)

    def rms(outputs):
        return np.sqrt(np.mean(np.square(outputs)))

    np.testing.assert_allclose(rms(layer(x)), rms(trained), rtol=0.02)


def test_unknown_positions_count_too():
    layers = [GhostBatchNormalization(2) for _ in range(2)]
    x = normal((4, 3, 5, 2))
    for layer, shape in zip(layers, ((4, 3, 5, 2), (None, None, None, 2)), strict=True):
        layer.build(shape)
        tf.function(lambda x, f=layer: f(x, training=True), input_signature=[tf.TensorSpec(shape)])(
            x
        )
    np.testing.assert_allclose(layers[0].moving_variance, layers[1].moving_variance, rtol=1e-6)


@pytest.mark.parametrize(("group_size", "shape"), [(1, (4, 3)), (None, (1, 1, 1, 3))])
def test_a_group_of_one_value_is_refused(group_size, shape):
    with pytest.raises(UserInputError, match="groups of one value per channel"):
        GhostBatchNormalization(group_size)(normal(shape), training=True)


def test_served_images_are_those_of_training():
    """DCGAN with groups of 4, each latent in the company of many others: equal contrast."""
    keras.utils.set_random_seed(0)
    generator = dcgan_generator(16, 1, latent_size=8, filters=4, batch_norm_group_size=4)
    train = tf.function(lambda latents: generator(latents, training=True))
    rng = np.random.default_rng(0)

    def latents(*shape):
        return rng.uniform(-1, 1, (*shape, 8)).astype(np.float32)

    for _ in range(200):
        train(latents(64))
    z = latents(64)
    trained = []
    for _ in range(20):
        groups = latents(64, 4)
        groups[:, 0] = z
        trained.append(train(groups.reshape(-1, 8)).numpy().reshape(64, 4, 16, 16)[:, 0])
    served = generator(z).numpy()[..., 0]
    rms = [np.sqrt(np.mean(np.square(images))) for images in (served, trained)]
    np.testing.assert_allclose(rms[0], rms[1], rtol=0.03)


def test_two_devices_with_half_the_batch_equal_one():
    x, output_gradient = normal((8, 4, 4, 3)), normal((8, 4, 4, 3), 1.0)
    whole, first, second = (GhostBatchNormalization(group_size=2) for _ in range(3))
    y, dx, dgamma, dbeta = output_and_gradients(whole, x, output_gradient)
    halves = [
        output_and_gradients(layer, part, gradient)
        for layer, part, gradient in zip(
            (first, second), np.split(x, 2), np.split(output_gradient, 2), strict=True
        )
    ]
    np.testing.assert_allclose(y, np.concatenate([h[0] for h in halves]), atol=1e-6)
    np.testing.assert_allclose(dx, np.concatenate([h[1] for h in halves]), atol=1e-6)
    np.testing.assert_allclose(dgamma, halves[0][2] + halves[1][2], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(dbeta, halves[0][3] + halves[1][3], rtol=1e-5, atol=1e-5)
    for name in ("moving_mean", "moving_variance"):
        mean_of_replicas = (getattr(first, name).numpy() + getattr(second, name).numpy()) / 2
        np.testing.assert_allclose(getattr(whole, name), mean_of_replicas, atol=1e-7)


def test_inference_uses_moving_statistics_row_by_row():
    layer = GhostBatchNormalization(group_size=4)
    x = normal((8, 3), 5.0, 2.0)
    for _ in range(100):
        layer(x, training=True)
    moving = [v.numpy() for v in layer.non_trainable_variables]
    y = layer(x)
    expected = (x - moving[0]) / np.sqrt(moving[1] + layer.epsilon)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    # 3 is no multiple of the group size: inference knows no groups.
    np.testing.assert_array_equal(layer(x[:3]), y[:3])
    for variable, before in zip(layer.non_trainable_variables, moving, strict=True):
        np.testing.assert_array_equal(variable, before)


def test_frozen_layer_still_trains_as_told():
    layer = GhostBatchNormalization()
    x = normal((8, 3), 5.0)
    expected = layer(x, training=True)
    layer.trainable = False
    np.testing.assert_array_equal(layer(x, training=True), expected)


def test_stateless_scope_catches_the_moving_statistics():
    layer = GhostBatchNormalization(momentum=0.5)
    x = normal((8, 3), 5.0)
    layer.build(x.shape)
    with keras.StatelessScope() as scope:
        layer(x, training=True)
        layer(x, training=True)  # sees what the first call left
    np.testing.assert_array_equal(layer.moving_mean, 0.0)
    moved = scope.get_current_value(layer.moving_mean)
    np.testing.assert_allclose(moved, 0.75 * x.mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize("as_function", [False, True])
def test_batch_is_no_multiple_of_the_group(as_function):
    layer = GhostBatchNormalization(group_size=4)
    layer.build((None, 3))

    def call(x):
        return layer(x, training=True)

    if as_function:
        call = tf.function(call, autograph=False)
    with pytest.raises(UserInputError, match="groups of 4 examples and received a batch of 6"):
        call(normal((6, 3)))


def test_batch_known_at_run_time_only_is_checked_too():
    layer = GhostBatchNormalization(group_size=4)
    layer.build((None, 2, 3))
    spec = tf.TensorSpec((None, 2, 3))
    call = tf.function(lambda x: layer(x, training=True), input_signature=[spec], autograph=False)
    assert call(normal((8, 2, 3))).shape == (8, 2, 3)
    with pytest.raises(tf.errors.InvalidArgumentError):
        call(normal((6, 2, 3)))


def test_group_without_examples():
    with pytest.raises(UserInputError, match="`group_size`"):
        GhostBatchNormalization(group_size=0)


@pytest.mark.parametrize("layer_class", [GhostBatchNormalization, InstanceNormalization])
def test_statistics_survive_a_large_mean(layer_class):
    # In float32 E[x^2] - E[x]^2 would be off by about 10 here, and the variance is 1.
    x = normal((8, 16, 16, 2), 1e4, 1.0)
    y = (
        layer_class()(x, training=True)
        if layer_class is GhostBatchNormalization
        else (layer_class()(x))
    )
    axes = (0, 1, 2) if layer_class is GhostBatchNormalization else (1, 2)
    exact = x.astype("float64")
    expected = (exact - exact.mean(axes, keepdims=True)) / exact.std(axes, keepdims=True)
    np.testing.assert_allclose(y, expected, atol=5e-3)


@pytest.mark.parametrize("layer_class", [GhostBatchNormalization, InstanceNormalization])
def test_half_precision_computes_statistics_in_float32(layer_class):
    # The sum of squares, 2e8, is far beyond float16, whose largest number is 65,504.
    x = normal((2, 16, 16, 2), 0.0, 600.0, "float16")
    layer = layer_class(dtype="mixed_float16")
    y = layer(x, training=True) if layer_class is GhostBatchNormalization else layer(x)
    assert y.dtype == "float16"
    np.testing.assert_allclose(np.std(y.numpy().astype("float32")), 1.0, atol=1e-2)


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_instance_normalization_equals_numpy(shape):
    x = normal(shape, 2.0, 3.0)
    axes = tuple(range(1, len(shape) - 1))
    exact = x.astype("float64")
    expected = exact - exact.mean(axes, keepdims=True)
    expected /= np.sqrt(exact.var(axes, keepdims=True) + 1e-5)
    layer = InstanceNormalization()
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-5)
    assert layer.weights == []

    affine = InstanceNormalization(center=True, scale=True)
    affine.build(shape)
    np.testing.assert_array_equal(affine.gamma, 1.0)
    np.testing.assert_array_equal(affine.beta, 0.0)
    gamma, beta = normal(shape[-1:]), normal(shape[-1:], 1.0)
    affine.gamma.assign(gamma)
    affine.beta.assign(beta)
    np.testing.assert_allclose(affine(x), expected * gamma + beta, rtol=1e-4, atol=1e-5)


def test_instance_normalization_treats_examples_apart():
    x = normal((3, 5, 5, 2))
    changed = x.copy()
    changed[1:] *= 7.0
    layer = InstanceNormalization()
    np.testing.assert_array_equal(layer(x)[0], layer(changed)[0])


def test_instance_normalization_without_positions():
    with pytest.raises(UserInputError, match="without positions"):
        InstanceNormalization()(np.zeros((2, 3), "float32"))
