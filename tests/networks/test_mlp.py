import keras
import numpy as np
import pytest

from tfgan_suite.layers import example_scope
from tfgan_suite.models.gan.networks import (
    maxout_mnist_discriminator,
    maxout_mnist_generator,
)
from tfgan_suite.models.lsgan.networks import mixture_discriminator, mixture_generator
from tfgan_suite.networks import mlp_discriminator, mlp_generator


def kernels(model):
    return [v.numpy() for v in model.trainable_variables if v.path.endswith("kernel")]


def biases(model):
    return [v.numpy() for v in model.trainable_variables if v.path.endswith("bias")]


def test_parameter_counts_of_the_papers():
    assert maxout_mnist_generator().count_params() == 2_503_984
    assert sum(v.numpy().size for v in maxout_mnist_discriminator().trainable_variables) == (
        1_231_441
    )
    # 256 x 128 + 128, 128 x 128 + 128, 128 x 2 + 2; and from 2 to 1.
    assert mixture_generator().count_params() == 49_666
    assert mixture_discriminator().count_params() == 17_025


@pytest.mark.parametrize(
    ("builder", "limit"), [(maxout_mnist_generator, 0.05), (maxout_mnist_discriminator, 0.005)]
)
def test_uniform_initialisation(builder, limit):
    model = builder()
    for kernel in kernels(model):
        assert np.abs(kernel).max() <= limit
    largest = max(kernels(model), key=np.size)
    np.testing.assert_allclose(largest.std(), limit / np.sqrt(3), rtol=0.01)
    assert all(np.all(bias == 0) for bias in biases(model))


@pytest.mark.parametrize("builder", [mixture_generator, mixture_discriminator])
def test_orthogonal_initialisation_of_gain_1_4(builder):
    for kernel in kernels(builder()):
        singular_values = np.linalg.svd(kernel, compute_uv=False)
        np.testing.assert_allclose(singular_values, 1.4, rtol=1e-4)


def test_layers_do_not_share_a_draw():
    model = mlp_generator(
        (2,), 8, (8, 8), kernel_initializer=keras.initializers.RandomNormal(stddev=1.0)
    )
    first, second, _ = kernels(model)
    assert np.any(first != second)


def test_mlp_equals_numpy():
    generator = mlp_generator((3, 2), latent_size=5, hidden_units=(7, 6))
    discriminator = mlp_discriminator((3, 2), hidden_units=(7, 6))
    z = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")
    x = z
    for kernel in kernels(generator)[:-1]:
        x = np.maximum(x @ kernel, 0)
    samples = np.tanh(x @ kernels(generator)[-1])
    np.testing.assert_allclose(generator(z), samples.reshape(4, 3, 2), rtol=1e-4, atol=1e-5)
    x = samples
    for kernel in kernels(discriminator)[:-1]:
        x = x @ kernel
        x = np.where(x > 0, x, 0.2 * x)
    np.testing.assert_allclose(
        discriminator(samples.reshape(4, 3, 2)), x @ kernels(discriminator)[-1], atol=1e-5
    )


@pytest.mark.parametrize(
    ("output_activation", "low", "high"),
    [("tanh", -1.0, 1.0), ("sigmoid", 0.0, 1.0), (None, -np.inf, np.inf)],
)
def test_range_of_samples(output_activation, low, high):
    generator = mlp_generator((2,), 4, (8,), output_activation=output_activation)
    samples = np.asarray(generator(np.full((1, 4), 100.0, "float32")))
    assert samples.min() >= low
    assert samples.max() <= high
    if output_activation is None:
        assert np.abs(samples).max() > 1.0


def test_maxout_pair_takes_and_gives_the_signed_range():
    generator, discriminator = maxout_mnist_generator(), maxout_mnist_discriminator()
    z = np.random.default_rng(0).normal(size=(3, 100)).astype("float32")
    x = z
    for kernel in kernels(generator)[:-1]:
        x = np.maximum(x @ kernel, 0)
    unit = 1 / (1 + np.exp(-(x @ kernels(generator)[-1])))
    images = 2 * unit - 1
    np.testing.assert_allclose(generator(z), images.reshape(3, 28, 28, 1), atol=1e-5)
    x = unit
    for kernel in kernels(discriminator)[:-1]:
        x = (x @ kernel).reshape(3, 240, 5).max(axis=2)
    np.testing.assert_allclose(
        discriminator(images.reshape(3, 28, 28, 1)), x @ kernels(discriminator)[-1], atol=1e-6
    )


def test_maxout_discriminator_drops_by_example():
    discriminator = maxout_mnist_discriminator()
    rates = [layer.rate for layer in discriminator.layers if "dropout" in layer.name]
    assert rates == [0.2, 0.5, 0.5]
    image = np.ones((1, 28, 28, 1), "float32")
    four = np.repeat(image, 4, axis=0)
    with example_scope([0, 1], 0, 4):
        together = np.asarray(discriminator(four, training=True)).ravel()
    apart = []
    for index in range(4):
        with example_scope([0, 1], index, 4):
            apart.append(float(discriminator(image, training=True)[0, 0]))
    np.testing.assert_allclose(apart, together, rtol=1e-4, atol=1e-9)
    assert len(set(apart)) == 4


@pytest.mark.parametrize("builder", [mlp_discriminator, mixture_discriminator])
def test_discriminators_end_in_a_linear_layer(builder):
    model = builder() if builder is mixture_discriminator else builder((2,))
    model.layers[-1].bias.assign([5.0])
    model.layers[-1].kernel.assign(model.layers[-1].kernel * 0)
    np.testing.assert_array_equal(model(np.zeros((1, 2), "float32")), [[5.0]])
