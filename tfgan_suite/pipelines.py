"""How every `tf.data` pipeline of the package runs: with fixed parallelism, not tuned."""

import os

import tensorflow as tf

PREFETCHED = 2  # elements that are made ahead: one waits while the next is being made


def parallel_calls() -> int:
    """Number of cores that this process may use: calls of a `map` that run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def without_tuning(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Returns the same elements from a pipeline that tf.data does not tune.

    tf.data tunes a pipeline in a thread that wakes up after 10 ms, 20 ms, 40 ms and so on, at
    last once a minute. Deleting the iterator cancels it, but in TensorFlow 2.20 and 2.21 the
    cancellation can be missed; the deletion then waits for the next wake-up, about as long as
    the iterator has lived. Without tuning there is no such thread.

    Args:
        dataset: any dataset. Where it says `tf.data.AUTOTUNE`, a `map` makes as many calls at
            once as TensorFlow has threads, and a `prefetch` finds its size by itself.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
