import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.training.inputs import as_static_batches

ARRAY = np.arange(20, dtype=np.float32).reshape(10, 2)


def batches(*args, **kwargs):
    return [
        tf.nest.map_structure(lambda t: t.numpy(), b) for b in as_static_batches(*args, **kwargs)
    ]


def test_a_smaller_last_batch_is_left_out():
    assert [b.shape for b in batches(ARRAY, batch_size=4)] == [(4, 2), (4, 2)]


def test_a_dataset_of_unknown_batch_size_becomes_static():
    dataset = tf.data.Dataset.from_tensor_slices(ARRAY).batch(4)
    static = as_static_batches(dataset)
    assert static.element_spec.shape == (4, 2)
    np.testing.assert_array_equal(np.concatenate(list(static)), ARRAY[:8])


def test_a_tuple_of_unknown_batch_size_stays_a_tuple():
    dataset = tf.data.Dataset.from_tensor_slices((ARRAY, ARRAY)).batch(4)
    a, b = next(iter(as_static_batches(dataset)))
    assert a.shape == b.shape == (4, 2)


def test_unpaired_arrays_may_differ_in_length():
    parts = batches(ARRAY, ARRAY[:3], batch_size=5)
    assert [a.shape for a, _ in parts] == [(5, 2)] * 2
    np.testing.assert_array_equal(parts[0][1][:, 0], [0, 2, 4, 0, 2])


def test_shuffling_keeps_the_examples_and_is_seeded():
    first = np.concatenate(batches(ARRAY, batch_size=5, shuffle=True, seed=1))
    assert not np.array_equal(first, ARRAY)
    np.testing.assert_array_equal(np.sort(first, axis=0), ARRAY)
    again = np.concatenate(batches(ARRAY, batch_size=5, shuffle=True, seed=1))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (ARRAY, {"batch_size": 11}, "10 examples do not fill one batch of 11"),
        (ARRAY, {"batch_size": 5, "num_replicas": 2}, "cannot be shared equally by 2"),
        (np.float32(1), {}, "leading batch dimension"),
        ("words", {}, "Received: x of type str"),
        (tf.data.Dataset.from_tensor_slices(ARRAY).batch(4).take(0), {}, "empty"),
    ],
)
def test_what_does_not_fit_is_refused(data, options, message):
    with pytest.raises(UserInputError, match=message):
        as_static_batches(data, **options)
