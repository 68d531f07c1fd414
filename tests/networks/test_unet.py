import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import InstanceNormalization
from tfgan_suite.networks import unet


def test_parameter_counts():
    assert unet(256).count_params() == 54_413_955
    assert unet(128).count_params() == 41_828_995


@pytest.mark.parametrize(
    ("image_size", "num_downsamplings", "bottleneck"),
    [(16, None, (1, 1)), ((32, 16), None, (2, 1)), ((24, 40), 3, (3, 5)), (None, 2, (None, None))],
)
def test_sizes(image_size, num_downsamplings, bottleneck):
    model = unet(image_size, 1, 2, filters=2, num_downsamplings=num_downsamplings)
    last = max(int(x.name.split("_")[1]) for x in model.layers if x.name.startswith("down_"))
    assert model.get_layer(f"down_{last}_convolution").output.shape[1:3] == bottleneck
    height, width = (8, 12) if image_size is None else model.input_shape[1:3]
    made = model(np.random.default_rng(0).normal(size=(2, height, width, 1)).astype("float32"))
    assert made.shape == (2, height, width, 2)
    assert np.abs(made).max() <= 1


def test_the_layers_are_the_papers():
    model = unet(256, filters=1)
    norms = [x.name for x in model.layers if isinstance(x, InstanceNormalization)]
    assert norms == [f"down_{i}_norm" for i in range(1, 7)] + [f"up_{i}_norm" for i in range(7)]
    assert [x.name for x in model.layers if x.name.endswith("dropout")] == [
        f"up_{i}_dropout" for i in range(3)
    ]
    channels = [model.get_layer(f"up_{i}_skip").output.shape[1:] for i in range(7)]
    assert channels == [
        (2, 2, 16), (4, 4, 16), (8, 8, 16), (16, 16, 16), (32, 32, 8), (64, 64, 4), (128, 128, 2)
    ]  # fmt: skip


def test_images_reach_the_bottleneck():
    """A norm would make 0 of the one value of each channel: nothing of the image."""
    model = unet(16, filters=4)
    bottleneck = keras.Model(model.input, model.get_layer("down_3_convolution").output)
    first, second = np.random.default_rng(0).normal(size=(2, 1, 16, 16, 3)).astype("float32")
    difference = np.abs(bottleneck(first) - bottleneck(second))
    assert difference.max() > 0.1 * np.abs(bottleneck(first)).max() > 0


def test_skips_carry_what_the_bottleneck_does_not():
    model = unet(16, filters=4, dropout=0)
    images = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")
    model.get_layer("up_0_convolution").kernel.assign(
        tf.zeros_like(model.get_layer("up_0_convolution").kernel)
    )
    made = model(images)
    assert np.abs(made[0] - made[1]).max() > 1e-3


@pytest.mark.parametrize(("into", "more"), [("all", [8] * 4), ("input", [8, 0, 0, 0])])
def test_latents_are_seen_by_the_encoders_convolutions(into, more):
    plain = unet(16, filters=2)
    model = unet(16, filters=2, latent_size=8, latents_into=into)
    kernels = [
        [m.get_layer(f"down_{i}_convolution").kernel.shape[2] for i in range(4)]
        for m in (plain, model)
    ]
    assert list(np.subtract(*kernels[::-1])) == more
    images = np.ones((2, 16, 16, 3), "float32")
    made = model([images, np.random.default_rng(0).normal(size=(2, 8)).astype("float32")])
    assert np.abs(made[0] - made[1]).max() > 1e-4


@pytest.mark.parametrize("norm", ["none", None])  # --config.model.translator_norm=none is None
def test_without_norm_each_convolution_has_a_bias(norm):
    plain, model = unet(16, filters=2), unet(16, filters=2, norm=norm)
    assert not [layer for layer in model.layers if layer.name.endswith("_norm")]
    for network, biased in ((plain, 1), (model, 8)):
        convolutions = [layer for layer in network.layers if hasattr(layer, "kernel")]
        assert len(convolutions) == 8
        assert sum(layer.use_bias for layer in convolutions) == biased


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "batch"}, "received 'batch'"),
        ({"image_size": 24}, "multiple of 16.*Received: 24 x 24"),
        ({"image_size": (16, 12), "num_downsamplings": 3}, "multiple of 8"),
        ({"image_size": None}, "needs `num_downsamplings`"),
        ({"num_downsamplings": 1}, "at least 2; received 1"),
        ({"image_size": None, "num_downsamplings": 2, "latent_size": 2}, "one size"),
        ({"latents_into": "al"}, "received 'al'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UserInputError, match=message):
        unet(**arguments)
