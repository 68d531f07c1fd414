"""Every registered model has every property; a new one is picked up from the registry.

What has to be traced several times for one model is marked slow: `make test-slow` runs it.
"""

import contextlib

import keras
import numpy as np
import pytest

from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError

# What takes a quarter of a minute and more to trace on one and on two replicas. CycleGAN is trained
# on several devices in tests/distribution.
LONG_TO_TRACE = {
    "bicyclegan",
    "caption_encoder",
    "cgan",
    "context_encoder",
    "cyclegan",
    "discogan",
    "egan",
    "lapgan",
    "next_frame",
    "pix2pix",
    "progan",
    "recyclegan",
    "simgan",
    "srgan",
    "stackgan",
    "stylegan",
    "text_to_image",
    "threed_gan",
    "threed_vae_gan",
    "vgan",
}


# What takes ten seconds and more for one trace and a second one.
LONGEST_TO_TRACE = {
    "bicyclegan",
    "recyclegan",
    "srgan",
    "stackgan",
    "stylegan",
    "text_to_image",
    "threed_vae_gan",
}


def slow_for(names):
    """Marks a test of every model as slow for some of them."""
    return pytest.mark.parametrize(
        "make_model",
        [
            pytest.param(name, marks=[pytest.mark.slow] if name in names else [])
            for name in models.names()
        ],
        indirect=True,
    )


@pytest.fixture(params=models.names())
def make_model(request):
    return lambda: models.build({"name": request.param, "preset": "tiny"})


@contextlib.contextmanager
def dtype_policy(policy):
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy("float32")


def test_only_own_weights_move(make_model):
    testing.check_only_own_weights_move(make_model)


def test_evaluate_measures_only(make_model):
    testing.check_evaluate_measures_only(make_model)


@slow_for(LONG_TO_TRACE)
def test_replicas_agree_with_adam(make_model):
    testing.check_replicas_agree(make_model, optimizer=testing.ADAM)


@pytest.mark.slow
def test_replicas_agree_with_sgd(make_model):
    # Small, so that five steps do not amplify rounding: an update is then wrong, not chaotic.
    testing.check_replicas_agree(
        make_model, optimizer=keras.optimizers.SGD(1e-3), steps=8, steps_per_execution=4
    )


@pytest.mark.slow
def test_replicas_agree_under_xla(make_model):
    testing.check_replicas_agree(make_model, jit_compile=True, steps=3)


@pytest.mark.slow
def test_accumulation_is_exact(make_model):
    testing.check_accumulation_is_exact(make_model)


@pytest.mark.slow
def test_mixed_bfloat16_trains(make_model):
    """Weights, losses and what leaves a network are float32; the losses agree to bfloat16."""
    logs = {}
    for policy in ("float32", "mixed_bfloat16"):
        keras.utils.set_random_seed(0)
        with dtype_policy(policy):
            model = make_model()
        model.compile(jit_compile=False)
        batch = testing.random_batch(model)
        logs[policy] = model.train_on_batch(batch, return_dict=True)
    for networks in model.players().values():
        for network in networks:
            assert {v.dtype for v in network.trainable_variables} == {"float32"}
            assert "bfloat16" in {layer.compute_dtype for layer in network.layers}
            assert network.outputs[0].dtype == "float32"
    for name, value in logs["mixed_bfloat16"].items():
        if name.startswith("survived/"):
            continue  # a discrete decision
        # Gradient norms gather the rounding of every layer.
        assert value == pytest.approx(logs["float32"][name], rel=0.1, abs=0.05), name


def test_float16_is_refused(make_model):
    with dtype_policy("mixed_float16"):
        model = make_model()
    with pytest.raises(UserInputError, match=r"float16.*loss scale.*mixed_bfloat16"):
        model.compile()


@slow_for(LONGEST_TO_TRACE)
def test_resume_is_exact(make_model, tmp_path):
    testing.check_resume_is_exact(make_model, tmp_path)


def test_keras_file_round_trip(make_model, tmp_path):
    testing.check_keras_file_round_trip(make_model, tmp_path / "model.keras")


# Signatures like those of CycleGAN, of the text-to-image GAN and of 3D-GAN.
@slow_for({"recyclegan", "stackgan", "threed_vae_gan"})
@pytest.mark.parametrize(
    "policy", ["float32", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)]
)
def test_servable(make_model, policy, tmp_path):
    with dtype_policy(policy):
        testing.check_servable(make_model, tmp_path)


@slow_for(LONG_TO_TRACE)
def test_fit_behaves_as_keras_users_expect(make_model):
    model = make_model()
    model.compile()
    batch = testing.random_batch(model, 24)
    seen = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs))
    history = model.fit(batch, batch_size=8, epochs=2, verbose=0, callbacks=[callback])
    assert int(model.step.numpy()) == 6
    assert int(model.images_seen.numpy()) == 48 * model.batches_per_step
    for name, values in history.history.items():
        assert len(values) == 2
        assert np.isfinite(values).all(), name
    assert seen[1].keys() == history.history.keys()
    model.summary(print_fn=lambda line: None)


def test_a_drawing_is_a_function_of_the_seed_and_the_examples(make_model):
    model = make_model()
    examples = testing.random_batch(model, 4) if model.draws_examples else None
    image, again = (model.draw(4, seed=0, examples=examples).render() for _ in range(2))
    assert min(image.size) > 60
    assert np.array_equal(np.asarray(image), np.asarray(again))


@pytest.mark.parametrize("name", models.names())
def test_unknown_arguments_are_refused_with_the_nearest_name(name):
    with pytest.raises(UserInputError, match="Did you mean 'seed'"):
        models.build({"name": name, "preset": "tiny", "sed": 1})
    with pytest.raises(UserInputError, match="tiny"):
        models.build({"name": name, "preset": "tinny"})
