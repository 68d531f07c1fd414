import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import HistoryPool


def sequential(images, coins, capacity, pool):
    """The rule of the authors' code, one image after the other."""
    returned = []
    for image, (decision, place) in zip(images, coins, strict=True):
        if len(pool) < capacity:
            pool.append(image)
            returned.append(image)
        elif decision < 0:
            slot = min(int((place + 1) / 2 * capacity), capacity - 1)
            returned.append(pool[slot])
            pool[slot] = image
        else:
            returned.append(image)
    return returned


@pytest.mark.parametrize("batch", [1, 3, 8, 12])
def test_a_batch_equals_the_sequential_rule(batch):
    rng = np.random.default_rng(0)
    capacity, pool = 5, []
    layer = HistoryPool(capacity, (1, 1, 1))
    for start in range(0, 20 * batch, batch):
        images = np.arange(start, start + batch, dtype=np.float32)
        coins = rng.uniform(-1, 1, (batch, 2)).astype(np.float32)
        expected = sequential(images, coins, capacity, pool)
        seen = layer.query(images.reshape(-1, 1, 1, 1), tf.constant(coins))
        np.testing.assert_array_equal(seen.numpy().ravel(), expected)
        stored = layer.images.numpy().ravel()[: len(pool)]
        np.testing.assert_array_equal(stored, pool)


def test_about_half_come_from_the_past_once_it_is_full():
    rng = np.random.default_rng(1)
    layer = HistoryPool(50, (1, 1, 1))
    old = 0
    for number in range(1, 401):
        coins = tf.constant(rng.uniform(-1, 1, (1, 2)), tf.float32)
        image = np.full((1, 1, 1, 1), number, np.float32)
        seen = float(layer.query(image, coins).numpy().item())
        assert seen == number or number > 50
        old += seen != number
    assert 140 < old < 210


def test_capacity_zero_passes_everything_by():
    images = np.ones((2, 1, 1, 1), np.float32)
    np.testing.assert_array_equal(HistoryPool(0, (1, 1, 1)).query(images, None), images)


def test_a_negative_capacity_is_refused():
    with pytest.raises(UserInputError, match="-1"):
        HistoryPool(-1, (1, 1, 1))
