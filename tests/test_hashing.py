import numpy as np
import tensorflow as tf

from tfgan_suite import hashing


def _splitmix64(state, count):
    """The generator as published: one state, stepped."""
    mask, values = 2**64 - 1, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & mask
        bits = state
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & mask
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & mask
        values.append((bits ^ (bits >> 31)) >> 40)
    return np.array(values) / 2**24


def test_equals_the_stepped_generator():
    draws = hashing.uniform(2**64 - 5, tf.range(10, dtype=tf.int64), 3).numpy()
    np.testing.assert_array_equal(draws.ravel(), _splitmix64(2**64 - 5, 30).astype(np.float32))


def test_uniform_moments():
    draws = hashing.uniform(hashing.key(1, 2), tf.range(100_000, dtype=tf.int64), 2).numpy()
    assert draws.min() >= 0 and draws.max() < 1
    np.testing.assert_allclose(draws.mean(axis=0), 0.5, atol=0.005)
    np.testing.assert_allclose(draws.var(axis=0), 1 / 12, atol=0.002)
    assert abs(np.corrcoef(draws.T)[0, 1]) < 0.02
    assert abs(np.corrcoef(draws[1:, 0], draws[:-1, 0])[0, 1]) < 0.02


def test_normal_moments():
    draws = hashing.normal(hashing.key(3), tf.range(100_000, dtype=tf.int64), 1).numpy()
    assert np.isfinite(draws).all()
    assert abs(draws.mean()) < 0.02
    assert abs(draws.std() - 1) < 0.01
    assert abs((draws**4).mean() - 3) < 0.15


def test_keys_differ():
    keys = {hashing.key(seed, purpose) for seed in range(20) for purpose in range(5)}
    assert len(keys) == 100
