import keras
import numpy as np
import pytest

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import GhostBatchNormalization
from tfgan_suite.networks import dcgan_discriminator, dcgan_generator


def num_trainable(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def channels_of(model, prefix):
    return [layer.output.shape[1:] for layer in model.layers if layer.name.startswith(prefix)]


@pytest.fixture(scope="module")
def paper_pair():
    keras.utils.set_random_seed(0)
    return dcgan_generator(), dcgan_discriminator()


def test_parameter_counts(paper_pair):
    generator, discriminator = paper_pair
    assert num_trainable(generator) == 18_885_760
    assert num_trainable(discriminator) == 17_232_768
    torch_generator = dcgan_generator(filters=64, kernel_size=4, projection_norm="channels")
    assert num_trainable(torch_generator) == 3_576_704
    assert num_trainable(dcgan_discriminator(filters=64, kernel_size=4)) == 2_765_568


def test_shape_walk(paper_pair):
    generator, discriminator = paper_pair
    assert channels_of(generator, "relu") == [
        (4, 4, 1024),
        (8, 8, 512),
        (16, 16, 256),
        (32, 32, 128),
    ]
    assert generator.output_shape == (None, 64, 64, 3)
    assert channels_of(discriminator, "leaky_relu") == [
        (32, 32, 128),
        (16, 16, 256),
        (8, 8, 512),
        (4, 4, 1024),
    ]
    assert discriminator.output_shape == (None, 1)


def test_initial_kernels_and_gains(paper_pair):
    for model in paper_pair:
        kernels = [v.numpy() for v in model.trainable_variables if v.path.endswith("kernel")]
        gains = np.concatenate(
            [v.numpy() for v in model.trainable_variables if v.path.endswith("gamma")]
        )
        largest = max(kernels, key=np.size)
        assert abs(largest.mean()) < 1e-4
        assert abs(largest.std() - 0.02) < 0.0005
        assert abs(gains.mean() - 1.0) < 0.003
        assert abs(gains.std() - 0.02) < 0.003
        # Layers must not share a draw.
        assert len({kernel.ravel()[:8].tobytes() for kernel in kernels}) == len(kernels)


def test_norm_everywhere_but_on_first_convolution_and_output(paper_pair):
    generator, discriminator = paper_pair
    norms = [x.name for x in generator.layers if isinstance(x, GhostBatchNormalization)]
    assert norms == ["norm_4", "norm_8", "norm_16", "norm_32"]
    assert generator.layers[-2].name == "transposed_convolution_64"
    norms = [x.name for x in discriminator.layers if isinstance(x, GhostBatchNormalization)]
    assert norms == ["norm_16", "norm_8", "norm_4"]
    for model in paper_pair:
        assert not any("bias" in v.path for v in model.variables)


def test_slope_is_a_fifth(paper_pair):
    for layer in paper_pair[1].layers:
        if isinstance(layer, keras.layers.LeakyReLU):
            np.testing.assert_allclose(layer(np.array([-1.0, 2.0])), [-0.2, 2.0], rtol=1e-6)


@pytest.mark.parametrize("image_size", [16, 32, 64, 128])
@pytest.mark.parametrize("channels", [1, 4])
def test_sizes_and_channels(image_size, channels):
    generator = dcgan_generator(image_size, channels, latent_size=7, filters=2)
    discriminator = dcgan_discriminator(image_size, channels, filters=2)
    images = generator(np.zeros((2, 7), "float32"))
    assert images.shape == (2, image_size, image_size, channels)
    assert discriminator(images).shape == (2, 1)


def test_base_of_7_makes_mnist_size():
    assert dcgan_generator(28, 1, filters=2, base_size=7).output_shape == (None, 28, 28, 1)
    assert dcgan_discriminator(28, 1, filters=2, base_size=7).input_shape == (None, 28, 28, 1)


def test_resize_convolution_has_the_same_parameters():
    transposed = dcgan_generator(16, filters=4)
    resized = dcgan_generator(16, filters=4, upsampling="resize_convolution")
    assert num_trainable(transposed) == num_trainable(resized)
    assert not any(isinstance(x, keras.layers.Conv2DTranspose) for x in resized.layers)
    assert resized.output_shape == transposed.output_shape


def test_untrained_logits_are_near_0():
    keras.utils.set_random_seed(1)
    generator, discriminator = dcgan_generator(32, filters=16), dcgan_discriminator(32, filters=16)
    latents = np.random.default_rng(0).uniform(-1, 1, size=(16, 100)).astype("float32")
    images = generator(latents, training=True)
    assert np.abs(images).max() <= 1.0
    logits = np.asarray(discriminator(images, training=True))
    assert abs(np.mean(np.logaddexp(0, -logits)) - np.log(2)) < 0.3


def test_group_size_reaches_every_norm():
    for model in (
        dcgan_generator(16, filters=2, batch_norm_group_size=4),
        dcgan_discriminator(16, filters=2, batch_norm_group_size=4),
    ):
        norms = [x for x in model.layers if isinstance(x, GhostBatchNormalization)]
        assert norms
        assert all(norm.group_size == 4 for norm in norms)


@pytest.mark.parametrize("image_size", [0, 8, 48, 65, 256, "64", None])
@pytest.mark.parametrize("builder", [dcgan_generator, dcgan_discriminator])
def test_impossible_size(builder, image_size):
    with pytest.raises(UserInputError, match="one of 16, 32, 64, 128"):
        builder(image_size)


def test_unknown_names():
    with pytest.raises(UserInputError, match="Did you mean 'resize_convolution'"):
        dcgan_generator(16, upsampling="resize_conv")
    with pytest.raises(UserInputError, match="`projection_norm` must be one of"):
        dcgan_generator(16, projection_norm="layer")
