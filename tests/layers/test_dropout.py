import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import Dropout, example_scope, seeded_rows

ONES = np.ones((8, 50), "float32")
SEED = tf.constant([3, 4], "int64")


def masks(layer, num_devices, seed=SEED, global_batch=8):
    local_batch = global_batch // num_devices
    parts = []
    for device in range(num_devices):
        with example_scope(seed, device * local_batch, global_batch):
            parts.append(layer(ONES[:local_batch], training=True).numpy())
    return np.concatenate(parts)


@pytest.mark.parametrize("num_devices", [2, 4, 8])
def test_masks_do_not_depend_on_the_number_of_devices(num_devices):
    np.testing.assert_array_equal(masks(Dropout(0.5), num_devices), masks(Dropout(0.5), 1))


def test_examples_calls_and_seeds_differ():
    layer = Dropout(0.5)
    with example_scope(SEED, 0, 8):
        first, second = layer(ONES, training=True).numpy(), layer(ONES, training=True).numpy()
    rows = [*first, *second, *masks(layer, 1, seed=[3, 5])]
    assert len({row.tobytes() for row in rows}) == len(rows)


def test_pass_is_a_function_of_its_seed_whatever_was_built_before():
    def one_pass():
        with example_scope(SEED, 0, 8):
            return Dropout(0.5)(Dropout(0.2)(ONES, training=True), training=True).numpy()

    first = one_pass()
    for _ in range(3):
        Dropout(0.5)(ONES, training=True)
    np.testing.assert_array_equal(one_pass(), first)


def test_xla_draws_the_same_masks_from_tensors_made_outside():
    layer = Dropout(0.3)

    def call(seed, offset):
        with example_scope(seed, offset, 8):
            return layer(ONES[:2], training=True)

    offset = tf.constant(4, "int64")
    expected = call(SEED, offset)
    np.testing.assert_array_equal(tf.function(call)(SEED, offset), expected)
    np.testing.assert_array_equal(tf.function(call, jit_compile=True)(SEED, offset), expected)
    np.testing.assert_array_equal(expected, masks(layer, 1)[4:6])


@pytest.mark.parametrize("in_scope", [False, True])
@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_rate_and_rescaling(rate, in_scope):
    layer = Dropout(rate, seed=1)
    x = np.full((100, 100), 3.0, "float32")
    if in_scope:
        with example_scope(SEED, 0, 100):
            y = layer(x, training=True).numpy()
    else:
        y = layer(x, training=True).numpy()
    np.testing.assert_allclose(np.unique(y), [0.0, 3.0 / (1.0 - rate)], rtol=1e-6)
    # Five standard errors of the share of 10,000 draws.
    assert abs(np.mean(y == 0.0) - rate) < 5 * np.sqrt(rate * (1 - rate) / 10_000)


def test_nothing_happens_in_inference_or_at_rate_0():
    np.testing.assert_array_equal(Dropout(0.5)(ONES), ONES)
    np.testing.assert_array_equal(Dropout(0.0)(ONES, training=True), ONES)


def test_outside_a_scope_the_seed_decides():
    first, same, other = (Dropout(0.5, seed=seed)(ONES, training=True) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert np.any(first.numpy() != other.numpy())
    layer = Dropout(0.5, seed=1)
    calls = [layer(ONES, training=True).numpy() for _ in range(2)]
    assert np.any(calls[0] != calls[1])


def test_gradient_passes_where_the_value_does():
    x = tf.constant(ONES)
    with example_scope(SEED, 0, 8), tf.GradientTape() as tape:
        tape.watch(x)
        y = Dropout(0.5)(x, training=True)
    np.testing.assert_array_equal(tape.gradient(y, x), y)


def test_scope_belongs_to_its_thread_and_ends():
    layer = Dropout(0.5, seed=1)
    outside = Dropout(0.5, seed=1)(ONES, training=True).numpy()
    seen = []
    with example_scope(SEED, 0, 8):
        thread = threading.Thread(target=lambda: seen.append(layer(ONES, training=True).numpy()))
        thread.start()
        thread.join()
    np.testing.assert_array_equal(seen[0], outside)
    with pytest.raises(RuntimeError, match="from inside"), example_scope(SEED, 0, 8):
        raise RuntimeError("from inside")
    np.testing.assert_array_equal(Dropout(0.5, seed=1)(ONES, training=True), outside)


def test_inner_scope_gives_way_to_the_outer_one():
    layer = Dropout(0.5)
    with example_scope(SEED, 0, 8):
        with example_scope([9, 9], 0, 8):
            layer(ONES, training=True)
        after = layer(ONES, training=True)
    np.testing.assert_array_equal(after, masks(layer, 1))


def test_more_examples_than_the_scope_has():
    with example_scope(SEED, 0, 4), pytest.raises(UserInputError, match="8 examples"):
        Dropout(0.5)(ONES, training=True)


@pytest.mark.parametrize("rate", [-0.1, 1.0, 2])
def test_impossible_rate(rate):
    with pytest.raises(UserInputError, match="`rate`"):
        Dropout(rate)


def test_replicas_of_a_functional_model_draw_apart():
    inputs = keras.Input((50,))
    model = keras.Model(inputs, Dropout(0.5)(inputs))
    np.testing.assert_array_equal(masks(model, 2), masks(model, 1))


def test_seeded_rows_drop_in_inference_by_their_seed_alone():
    layer = Dropout(0.5)

    def call(x, seeds):
        with seeded_rows(seeds):
            return layer(layer(x, training=False), training=False)

    traced = tf.function(
        call, input_signature=[tf.TensorSpec([None, 50]), tf.TensorSpec([None], "int64")]
    )
    first = call(ONES, range(8)).numpy()
    assert {0.0, 4.0} == set(np.unique(first))
    assert len({row.tobytes() for row in first}) == 8
    np.testing.assert_array_equal(traced(ONES, np.arange(8)), first)
    np.testing.assert_array_equal(call(ONES[:3], [7, -5, 0]).numpy()[[0, 2]], first[[7, 0]])
    np.testing.assert_array_equal(layer(ONES), ONES)
