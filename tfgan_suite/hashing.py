"""Random numbers that are a function of a key and an index, for whole batches of indices at once.

TensorFlow's own stateless ops take one seed for a whole tensor. Data needs the opposite: example
i has the same numbers whatever shares its batch. This is the SplitMix64 generator (Steele, Lea
and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014), whose n-th output can
be computed directly.
"""

import numpy as np
import tensorflow as tf

_GAMMA = 0x9E3779B97F4A7C15
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_UNIT = 2.0**-24  # float32 holds 24 bits: every k * 2^-24 below 1 is exact


def key(*parts: int) -> int:
    """Returns one 64-bit key for a tuple of non-negative integers, such as (seed, purpose)."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0])


def uniform(key: int, indices: tf.Tensor, num: int) -> tf.Tensor:
    """Draws `num` uniform numbers for each index.

    Args:
        key: 64-bit integer; different keys give unrelated numbers.
        indices: int64 `[B]`, not negative.
        num: how many numbers each index gets. The same index with another `num` gets others.

    Returns:
        float32 `[B, num]` in [0, 1).
    """
    indices = tf.cast(indices, tf.uint64)[:, None]
    counters = indices * num + tf.constant(np.arange(1, num + 1), tf.uint64)
    bits = counters * _GAMMA + key
    for shift, factor in _MIX:
        bits = tf.bitwise.bitwise_xor(bits, _shift_right(bits, shift)) * factor
    bits = tf.bitwise.bitwise_xor(bits, _shift_right(bits, 31))
    return tf.cast(_shift_right(bits, 40), tf.float32) * _UNIT


def normal(key: int, indices: tf.Tensor, num: int) -> tf.Tensor:
    """Draws `num` standard normal numbers for each index, float32 `[B, num]` (Box-Muller)."""
    # In float32, log and cos may differ in the last bit between the vectorised body and the
    # remainder of a batch, so that a number would depend on its place. In float64 that bit is
    # rounded away.
    draws = tf.cast(uniform(key, indices, 2 * num), tf.float64)
    radius = tf.sqrt(-2.0 * tf.math.log(1.0 - draws[:, :num]))
    return tf.cast(radius * tf.cos(2.0 * np.pi * draws[:, num:]), tf.float32)


def permuted(key: int, num: int, positions: tf.Tensor) -> tf.Tensor:
    """Index in `range(num)` of each int64 position `[B]`: another permutation in each round."""
    rounds, places = positions // num, positions % num
    # The public tf.random.experimental.index_shuffle refuses a seed per index.
    words = [tf.fill(positions.shape, tf.constant(w, tf.uint32)) for w in _halves(key)]
    return tf.raw_ops.RandomIndexShuffle(
        index=places,
        seed=tf.stack([*words, tf.cast(rounds, tf.uint32)], axis=1),
        max_index=tf.fill(positions.shape, tf.constant(num - 1, tf.int64)),
        rounds=4,
    )


def _halves(key: int) -> tuple[int, int]:
    return key >> 32, key & 0xFFFFFFFF


def _shift_right(bits: tf.Tensor, places: int) -> tf.Tensor:
    return tf.bitwise.right_shift(bits, tf.constant(places, tf.uint64))
