import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.signal import correlate2d

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import InstanceNormalization
from tfgan_suite.networks import patchgan_discriminator, resnet_translator
from tfgan_suite.networks.patchgan import PATCH_SIZES


def without_norm(model):
    """The same network with every norm layer, which sees the whole image, taken out."""

    def replace(layer):
        if isinstance(layer, InstanceNormalization):
            return keras.layers.Identity(name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    return keras.models.clone_model(model, clone_function=replace)


def test_parameter_counts():
    assert resnet_translator(256, norm_bias=True).count_params() == 11_378_179
    assert resnet_translator(128, num_blocks=6, norm_bias=True).count_params() == 7_837_699
    assert patchgan_discriminator(norm_bias=True).count_params() == 2_764_737
    assert patchgan_discriminator(channels=6, norm_affine=True).count_params() == 2_768_705


def test_biases_only_where_no_norm_follows():
    def with_bias(model):
        return [x.name for x in model.layers if getattr(x, "use_bias", False)]

    assert with_bias(resnet_translator(16, filters=2, num_blocks=1)) == ["head_convolution"]
    assert with_bias(patchgan_discriminator(32, filters=2)) == ["convolution_0", "logits"]


@pytest.mark.parametrize("builder", [resnet_translator, patchgan_discriminator])
def test_initialisation(builder):
    keras.utils.set_random_seed(0)
    model = builder(64, filters=32)
    weights = model.trainable_variables
    largest = max((v.numpy() for v in weights), key=np.size)
    assert abs(largest.std() - 0.02) < 0.0005
    assert all(np.all(v.numpy() == 0) for v in weights if v.path.endswith("bias"))


@pytest.mark.parametrize("image_size", [8, 64, (12, 20), None])
def test_translator_keeps_the_size_and_may_change_the_channels(image_size):
    model = resnet_translator(
        image_size, input_channels=1, output_channels=2, filters=2, num_blocks=1
    )
    height, width = (16, 24) if image_size is None else model.input_shape[1:3]
    images = np.random.default_rng(0).uniform(-1, 1, (2, height, width, 1)).astype("float32")
    translated = np.asarray(model(images))
    assert translated.shape == (2, height, width, 2)
    assert np.abs(translated).max() <= 1.0


@pytest.mark.parametrize(
    "image_size, message",
    [
        (4, "multiple of 4"),
        (30, "multiple of 4"),
        ((32, 30), "multiple of 4"),
        (0, "whole numbers from 1"),
    ],
)
def test_translator_refuses_other_sizes(image_size, message):
    with pytest.raises(UserInputError, match=message):
        resnet_translator(image_size)


@pytest.mark.parametrize(
    ("num_downsamplings", "image_size", "inner"),
    [(0, 5, (5, 5, 2)), (0, 4, (4, 4, 2)), (1, 6, (3, 3, 4)), (3, 16, (2, 2, 16))],
)
def test_translator_halves_as_often_as_asked(num_downsamplings, image_size, inner):
    model = resnet_translator(
        image_size, filters=2, num_blocks=1, num_downsamplings=num_downsamplings
    )
    assert model.get_layer("block_0_add").output.shape[1:] == inner
    images = np.random.default_rng(0).uniform(-1, 1, (2, *model.input_shape[1:]))
    assert np.asarray(model(images.astype("float32"))).shape == images.shape


@pytest.mark.parametrize(
    ("num_downsamplings", "image_size", "match"),
    [(0, 3, "at least 4"), (1, 5, "multiple of 2"), (1, 2, "at least 4"), (3, 8, "at least 16")],
)
def test_translator_refuses_sizes_that_cannot_be_halved(num_downsamplings, image_size, match):
    with pytest.raises(UserInputError, match=match):
        resnet_translator(image_size, num_downsamplings=num_downsamplings)


@pytest.mark.parametrize("arguments", [{"num_downsamplings": -1}, {"num_downsamplings": 1.0}])
def test_translator_refuses_other_numbers_of_halvings(arguments):
    with pytest.raises(UserInputError, match="int of at least 0; received"):
        resnet_translator(32, **arguments)


def test_translator_without_norm_sees_the_brightness():
    """Instance norm takes the brightness out behind the first convolution; a bias does not."""
    image = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 16, 16, 3)).astype("float32")

    def change(norm):
        keras.utils.set_random_seed(0)
        model = resnet_translator(16, filters=4, num_blocks=1, num_downsamplings=0, norm=norm)
        assert all(
            layer.use_bias == (norm == "none" or layer.name == "head_convolution")
            for layer in model.layers
            if isinstance(layer, keras.layers.Conv2D)
        )
        return np.abs(model(image + 0.3) - model(image)).max()

    assert change("instance") < 1e-5
    assert change("none") > 1e-3
    with pytest.raises(UserInputError, match='"instance" or "none"; received \'batch\''):
        change("batch")


@pytest.mark.parametrize("builder", [resnet_translator, patchgan_discriminator])
@pytest.mark.parametrize("image_size", ["64", (64,), 64.0])
def test_size_of_another_form(builder, image_size):
    with pytest.raises(UserInputError, match="an int, a pair"):
        builder(image_size)


def part(model, first, last):
    """The layers `first` to `last` of a network as a model."""
    return keras.Model(model.get_layer(first).input, model.get_layer(last).output)


def test_strided_convolution_is_aligned_as_with_padding_1_on_both_sides():
    model = resnet_translator(16, filters=2, num_blocks=1)
    down = part(model, "down_0_padding", "down_0_convolution")
    x = np.random.default_rng(0).normal(size=(1, 16, 16, 2)).astype("float32")
    kernel = model.get_layer("down_0_convolution").kernel.numpy()
    padded = np.pad(x[0], ((1, 1), (1, 1), (0, 0)))
    for channel in range(4):
        full = sum(
            correlate2d(padded[..., c], kernel[..., c, channel], mode="valid") for c in range(2)
        )
        np.testing.assert_allclose(down(x)[0, ..., channel], full[::2, ::2], atol=1e-6)


def test_transposed_convolution_is_aligned_as_padding_1_output_padding_1():
    """Each input pixel adds its kernel at 2 i - 1, as the definition of those paddings has it."""
    model = resnet_translator(16, filters=2, num_blocks=1)
    up = part(model, "up_0_convolution", "up_0_cropping")
    x = np.random.default_rng(0).normal(size=(1, 4, 4, 8)).astype("float32")
    kernel = model.get_layer("up_0_convolution").kernel.numpy()  # [3, 3, output, input]
    expected = np.zeros((8, 8, 4))
    for row, column, a, b in np.ndindex(4, 4, 3, 3):
        y, z = 2 * row - 1 + a, 2 * column - 1 + b
        if 0 <= y < 8 and 0 <= z < 8:
            expected[y, z] += kernel[a, b] @ x[0, row, column]
    np.testing.assert_allclose(up(x)[0], expected, atol=1e-6)


def test_stem_and_head_commute_with_reflection():
    """With mirrored kernels, a mirrored image is translated to the mirrored result: no shift.

    The strided layers are left out: their grid is not symmetric.
    """
    model = resnet_translator(16, filters=2, num_blocks=1)
    rng = np.random.default_rng(0)
    for first, last in (("stem_padding", "stem_activation"), ("head_padding", "translated")):
        piece = part(model, first, last)
        for variable in piece.trainable_variables:
            if variable.path.endswith("kernel"):
                variable.assign(variable + variable[:, ::-1])
        x = rng.normal(size=(1, *piece.input_shape[1:])).astype("float32")
        np.testing.assert_allclose(
            piece(x[:, :, ::-1]), np.asarray(piece(x))[:, :, ::-1], atol=1e-5
        )


def test_no_activation_after_the_addition():
    model = resnet_translator(16, filters=2, num_blocks=1)
    block = part(model, "block_0_padding_a", "block_0_add")
    x = np.full((1, 4, 4, 8), -1.0, "float32")
    # Constant channels are normalised to 0, so the block returns its input, negative as it is.
    np.testing.assert_allclose(block(x), x, atol=1e-5)


@pytest.mark.parametrize(("size", "patches"), [(256, 30), (64, 6), (24, 1)])
def test_map_size(size, patches):
    model = patchgan_discriminator(size, filters=2)
    assert model.output_shape == (None, patches, patches, 1)


@pytest.mark.parametrize(("num_layers", "field"), list(enumerate(PATCH_SIZES)))
def test_receptive_field(num_layers, field):
    size = field + 2 ** (num_layers + 2)  # the patch of a logit in the middle lies inside
    model = without_norm(patchgan_discriminator((size, size), 1, filters=2, num_layers=num_layers))
    for variable in model.trainable_variables:
        variable.assign(tf.abs(variable) + 0.1)  # nothing cancels
    x = tf.zeros((1, size, size, 1))
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = model(x)
        middle = logits[0, logits.shape[1] // 2, logits.shape[2] // 2, 0]
    touched = np.argwhere(tape.gradient(middle, x)[0, :, :, 0])
    np.testing.assert_array_equal(np.ptp(touched, axis=0) + 1, [field, field])
    assert len(touched) == field**2


def test_pixelgan():
    model = patchgan_discriminator(5, 6, num_layers=0, norm_affine=True)
    assert model.output_shape == (None, 5, 5, 1)
    assert model.count_params() == (6 * 64 + 64) + 64 * 128 + 2 * 128 + (128 + 1)


def test_patchgan_norms_and_slopes():
    model = patchgan_discriminator(32, filters=2)
    norms = [x.name for x in model.layers if isinstance(x, InstanceNormalization)]
    assert norms == ["norm_1", "norm_2", "norm_3"]
    for layer in model.layers:
        if isinstance(layer, keras.layers.LeakyReLU):
            np.testing.assert_allclose(layer(np.array([-1.0])), [-0.2], rtol=1e-6)


def test_patchgan_says_anything():
    """The last layer is linear: no sigmoid holds the logits of least squares back."""
    model = patchgan_discriminator(32, filters=2)
    model.get_layer("logits").bias.assign([5.0])
    model.get_layer("logits").kernel.assign(model.get_layer("logits").kernel * 0)
    np.testing.assert_array_equal(
        model(np.zeros((1, 32, 32, 3), "float32")), np.full((1, 2, 2, 1), 5)
    )


@pytest.mark.parametrize("num_layers", [-1, 6, 2.5])
def test_patchgan_refuses_other_numbers_of_layers(num_layers):
    with pytest.raises(UserInputError, match="from 0 to 5"):
        patchgan_discriminator(256, num_layers=num_layers)


def test_patchgan_refuses_images_without_a_patch():
    with pytest.raises(UserInputError, match="at least 24"):
        patchgan_discriminator(23)
    with pytest.raises(UserInputError, match="at least 48"):
        patchgan_discriminator((64, 47), num_layers=4)
