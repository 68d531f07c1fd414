"""What holds for every layer: configs, files, precision policies, XLA, shapes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import layers

CASES = {
    "reflection": (layers.ReflectionPadding2D, {"padding": ((1, 2), (0, 1))}, (6, 5, 3)),
    "instance": (
        layers.InstanceNormalization,
        {
            "epsilon": 1e-3,
            "center": True,
            "scale": True,
            "gamma_initializer": keras.initializers.RandomUniform(0.5, 2.0),
        },
        (6, 5, 3),
    ),
    "ghost": (
        layers.GhostBatchNormalization,
        {
            "group_size": 2,
            "momentum": 0.7,
            "epsilon": 1e-4,
            "center": True,
            "scale": True,
            "beta_initializer": keras.initializers.RandomNormal(1.0),
            "gamma_initializer": keras.initializers.RandomUniform(0.5, 2.0),
        },
        (6, 5, 3),
    ),
    "ghost_bare": (layers.GhostBatchNormalization, {"center": False, "scale": False}, (7,)),
    "maxout": (
        layers.Maxout,
        {"units": 4, "pieces": 3, "kernel_initializer": "he_normal", "bias_initializer": "ones"},
        (7,),
    ),
    "blur": (layers.Blur, {"taps": (1, 3, 1)}, (6, 5, 3)),
    "blur_even": (layers.Blur, {"taps": (1, 3, 3, 1), "padding": 2, "gain": 4.0}, (6, 5, 3)),
    "bias": (layers.Bias, {}, (6, 5, 3)),
    "equalized_dense": (
        layers.EqualizedDense,
        {"units": 4, "gain": 1.0, "learning_rate_multiplier": 0.01, "bias_initializer": "ones"},
        (7,),
    ),
    "equalized_conv": (layers.EqualizedConv2D, {"filters": 4, "kernel_size": 3}, (6, 5, 3)),
    "equalized_conv_valid": (
        layers.EqualizedConv2D,
        {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "valid"},
        (7, 6, 3),
    ),
    "grouped": (
        layers.GroupedConvolution2D,
        {"filters": 6, "kernel_size": (3, 3), "groups": 3, "padding": "same", "strides": (2, 2)},
        (6, 5, 3),
    ),
    "pixel": (layers.PixelNormalization, {"epsilon": 1e-4}, (6, 5, 3)),
    "bilinear": (layers.BilinearUpsampling, {"factor": 3}, (3, 2, 4)),
    "shuffle": (layers.PixelShuffle, {"factor": 2}, (3, 2, 12)),
    "deviation": (layers.MinibatchDeviation, {"group_size": 2, "epsilon": 1e-4}, (6, 5, 3)),
    "dropout": (layers.Dropout, {"rate": 0.3, "seed": 5}, (7,)),
    "frames_to_channels": (layers.FramesToChannels, {}, (2, 6, 5, 3)),
    "channels_to_frames": (layers.ChannelsToFrames, {"num_frames": 2}, (6, 5, 4)),
    "doubling_3d": (layers.DoublingConvolution3D, {"filters": 4}, (2, 3, 4, 3)),
}


@pytest.fixture(params=list(CASES))
def case(request):
    return CASES[request.param]


def examples(shape, batch=4):
    return np.random.default_rng(0).normal(size=(batch, *shape)).astype("float32")


def test_config_round_trip(case):
    cls, arguments, _ = case
    config = cls(**arguments, name="it").get_config()
    assert set(arguments) <= set(config)
    again = cls.from_config(config)
    assert again.get_config() == config
    for argument, value in arguments.items():
        if isinstance(value, int | float | tuple):
            assert getattr(again, argument) == value


def test_saved_and_loaded_model_gives_the_same(case, tmp_path):
    cls, arguments, shape = case
    model = keras.Sequential([keras.Input(shape), cls(**arguments)])
    x = examples(shape)
    model(x, training=True)  # moves the statistics, where there are any
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model.predict(x, verbose=0), loaded.predict(x, verbose=0))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_precision_policy(case, policy):
    cls, arguments, shape = case
    layer = cls(**arguments, dtype=policy)
    output = layer(examples(shape), training=True)
    assert output.dtype == layer.compute_dtype
    for variable in layer.weights:
        assert variable.dtype == layer.variable_dtype
    symbolic = layer(keras.KerasTensor((4, *shape), dtype=layer.compute_dtype), training=True)
    assert symbolic.shape == tuple(output.shape)
    assert symbolic.dtype == layer.compute_dtype


@pytest.mark.parametrize("training", [False, True])
def test_xla_agrees(case, training):
    cls, arguments, shape = case
    layer = cls(**arguments)
    layer.build((4, *shape))

    def call(x):
        with keras.StatelessScope(), layers.example_scope([1, 2], 0, 4):
            return layer(x, training=training)

    x = tf.constant(examples(shape))
    np.testing.assert_allclose(
        tf.function(call, jit_compile=True)(x), call(x), rtol=1e-5, atol=1e-5
    )


def test_unknown_sizes_agree_with_known(case):
    cls, arguments, shape = case
    layer = cls(**arguments)
    layer.build((None, *shape))
    unknown = tf.TensorSpec((None, *([None] * (len(shape) - 1)), shape[-1]))

    @tf.function(input_signature=[unknown], autograph=False)
    def call(x):
        with keras.StatelessScope(), layers.example_scope([1, 2], 0, 4):
            return layer(x, training=True)

    x = tf.constant(examples(shape))
    with keras.StatelessScope(), layers.example_scope([1, 2], 0, 4):
        expected = layer(x, training=True)
    np.testing.assert_allclose(call(x), expected, rtol=1e-6, atol=1e-6)
