"""Adam in one kernel against Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.keras_private import keep_gradients_as_given
from tfgan_suite.training.fused_adam import fuse

STEPS = 12


class OwnAdam(keras.optimizers.Adam):
    def update_step(self, gradient, variable, learning_rate):
        variable.assign_sub(gradient)


def optimise(optimizer, fused, run_eagerly=False, sparse=False):
    """Returns weights and moments after some steps."""
    rng = np.random.default_rng(0)
    weights = [keras.Variable(rng.normal(size=s).astype("f")) for s in ((3, 4), (5,))]
    optimizer.build(weights)
    if fused:
        fuse(optimizer)

    @tf.function
    def step(*gradients):
        if sparse:
            rows = tf.IndexedSlices(gradients[0][:2], [0, 2], [3, 4])
            gradients = [rows, gradients[1]]
        optimizer.apply(gradients, weights)

    tf.config.run_functions_eagerly(run_eagerly)
    try:
        for _ in range(STEPS):
            step(*(tf.constant(10 * rng.normal(size=w.shape), tf.float32) for w in weights))
    finally:
        tf.config.run_functions_eagerly(False)
    return [keras.ops.convert_to_numpy(v) for v in [*weights, *optimizer.variables]]


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.optimizers.Adam(1e-2),
        lambda: keras.optimizers.Adam(1e-2, beta_1=0.0, beta_2=0.9, epsilon=1e-3),
        lambda: keras.optimizers.AdamW(1e-2, weight_decay=0.1),
        lambda: keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)),
        lambda: keras.optimizers.Adam(1e-2, clipnorm=1.0, use_ema=True),
        lambda: keras.optimizers.Adam(1e-2, amsgrad=True),
    ],
    ids=["adam", "betas", "adamw", "schedule", "clipped", "amsgrad"],
)
def test_the_kernel_computes_what_keras_computes(make):
    assert_same(optimise(make(), False), optimise(make(), True))


def test_also_eagerly_and_with_sparse_gradients():
    for how in ({"run_eagerly": True}, {"sparse": True}):
        assert_same(*(optimise(keras.optimizers.Adam(1e-2), f, **how) for f in (False, True)))


def assert_same(own, fused):
    for a, b in zip(own[:2], fused[:2], strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=2e-6)
    # The kernel takes 1 - beta_2 in float32: 0.00100004.
    for a, b in zip(own[2:], fused[2:], strict=True):
        np.testing.assert_allclose(b, a, rtol=6e-5, atol=1e-7)


def test_an_update_of_someone_else_is_left_alone():
    for optimizer in (OwnAdam(), keras.optimizers.SGD(), keras.optimizers.Adam(amsgrad=True)):
        before = optimizer.update_step
        fuse(optimizer)
        assert optimizer.update_step == before


def test_a_fused_optimizer_is_saved_as_keras_own():
    optimizer = keras.optimizers.Adam(0.5, beta_1=0.25, name="same")
    fuse(optimizer)
    saved = keras.saving.serialize_keras_object(optimizer)
    same = keras.optimizers.Adam(0.5, beta_1=0.25, name="same")
    assert saved == keras.saving.serialize_keras_object(same)


def test_every_replica_is_updated():
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        weight = keras.Variable([1.0, 2.0])
        optimizer = keras.optimizers.Adam(0.1)
        optimizer.build([weight])
    keep_gradients_as_given(optimizer)
    fuse(optimizer)

    @tf.function
    def step():
        strategy.run(lambda: optimizer.apply([tf.constant([1.0, -1.0])], [weight]))

    step()
    for copy in strategy.experimental_local_results(weight.value):
        np.testing.assert_allclose(copy, [0.9, 2.1], rtol=1e-5)
