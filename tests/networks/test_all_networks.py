"""What holds for every network: files, precision policies, XLA, the registry of pairs."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import models, networks
from tfgan_suite.errors import UserInputError

PAIRS = {
    "dcgan": {"image_size": 16, "channels": 1, "latent_size": 6, "filters": 2},
    "maxout_mnist": {"latent_size": 6},
    "mixture": {"latent_size": 6},
    "mlp": {"sample_shape": (4, 4, 1), "latent_size": 6, "generator_hidden_units": (8,)},
    "residual": {"image_size": 8, "latent_size": 6, "filters": 4, "group_width": 4},
}
BUILDERS = {
    **{
        f"{name}_{part}": lambda name=name, part=part: networks.build_pair(name, **PAIRS[name])[
            ("generator", "discriminator").index(part)
        ]
        for name in PAIRS
        for part in ("generator", "discriminator")
    },
    "resnet_translator": lambda: networks.resnet_translator(16, filters=2, num_blocks=1),
    "resnet_translator_any_size": lambda: networks.resnet_translator(None, filters=2),
    "patchgan_discriminator": lambda: networks.patchgan_discriminator(32, filters=2),
    "unet": lambda: networks.unet(16, filters=2),
    "frame_predictor": lambda: networks.frame_predictor(16, filters=2),
    "frame_predictor_with_stem": lambda: networks.frame_predictor(16, filters=2, stem_filters=2),
}


def test_every_pair_is_here():
    assert models.names()  # models register pairs of their own
    assert set(networks.pair_names()) == set(PAIRS)


@pytest.fixture(params=list(BUILDERS))
def builder(request):
    return BUILDERS[request.param]


def batch_for(model, batch=4):
    shape = [16 if side is None else side for side in model.input_shape[1:]]
    return np.random.default_rng(0).uniform(-1, 1, (batch, *shape)).astype("float32")


def test_saved_and_loaded_gives_the_same(builder, tmp_path):
    model = builder()
    x = batch_for(model)
    model(x, training=True)  # moves the statistics, where there are any
    model.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(model(x), loaded(x))
    assert loaded.name == model.name


@pytest.mark.parametrize("policy", ["mixed_float16", "float32"])
def test_output_is_float32(builder, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = builder()
    finally:
        keras.config.set_dtype_policy(before)
    output = model(batch_for(model))
    assert output.dtype == tf.float32
    assert np.all(np.isfinite(output))


def test_xla_agrees(builder):
    model = builder()

    def call(x):
        return model(x, training=False)

    x = tf.constant(batch_for(model))
    np.testing.assert_allclose(
        tf.function(call, jit_compile=True)(x), call(x), rtol=1e-4, atol=1e-5
    )


def test_every_registered_pair_is_tested_here():
    assert networks.pair_names() == sorted(PAIRS)


@pytest.mark.parametrize("name", list(PAIRS))
def test_pairs_fit_together(name):
    generator, discriminator = networks.build_pair(name, **PAIRS[name])
    assert generator.input_shape[-1] == 6
    assert generator.output_shape == discriminator.input_shape
    assert discriminator.output_shape == (None, 1)


def test_pair_arguments_reach_the_networks():
    generator, discriminator = networks.build_pair(
        "mlp",
        sample_shape=(3,),
        latent_size=5,
        generator_hidden_units=(7,),
        discriminator_hidden_units=(6, 4),
        output_activation=None,
    )
    assert generator.count_params() == 5 * 7 + 7 + 7 * 3 + 3
    assert discriminator.count_params() == 3 * 6 + 6 + 6 * 4 + 4 + 4 + 1
    assert generator.layers[-1].activation is keras.activations.linear

    generator, discriminator = networks.build_pair(
        "dcgan",
        **PAIRS["dcgan"],
        kernel_size=4,
        upsampling="resize_convolution",
        projection_norm="channels",
        batch_norm_group_size=2,
    )
    assert generator.get_layer("convolution_8").kernel_size == (4, 4)
    assert generator.get_layer("norm_4").group_size == 2
    assert generator.get_layer("norm_4").moving_mean.shape == (4,)
    assert discriminator.get_layer("norm_4").group_size == 2


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("dgan", {}, "Did you mean 'dcgan'"),
        ("resnet", {}, "Known: dcgan, maxout_mnist, mixture, mlp"),
        ("dcgan", {"image_sise": 32}, "Did you mean 'image_size'"),
        ("mixture", {"filters": 32}, "take no argument 'filters'"),
        ("dcgan", {"image_size": 48}, "one of 16, 32, 64, 128"),
    ],
)
def test_unknown_pairs_and_arguments(name, arguments, message):
    with pytest.raises(UserInputError, match=message):
        networks.build_pair(name, **arguments)
