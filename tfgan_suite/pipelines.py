"""How every `tf.data` pipeline of the package runs: with fixed parallelism, not tuned."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError

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


def batches_of_positions(
    read: Callable[[tf.Tensor], Any],
    batch_size: int,
    start_step: int = 0,
    input_context: tf.distribute.InputContext | None = None,
    batches_per_step: int = 1,
    first_position: int = 0,
) -> tf.data.Dataset:
    """Makes the endless dataset whose batch t is `read` of the positions t * B ... t * B + B - 1.

    Args:
        read: from int64 positions `[b]` to an element of b examples.
        batch_size: int. Global batch size B.
        start_step: int. Number of the first batch.
        input_context: as given by `tf.distribute.Strategy.distribute_datasets_from_function`: an
            element is then what one replica takes.
        batches_per_step: int. With k > 1 a step takes k batches, of kB positions in a row: the
            tensors of an element are `[b, k, ...]`.
        first_position: int. Where batch 0 begins: positions that batches of other sizes have used.

    Raises:
        UserInputError: the replicas cannot share a batch equally.
    """
    first, local, replicas = _replicas(input_context)
    check_shared_equally(batch_size, replicas)
    share = batch_size // replicas
    rows = share * batches_per_step

    def element(number):
        # Local replicas take turns: MultiDeviceIterator hands element i to device i % local.
        step, replica = start_step + number // local, first + number % local
        begin = first_position + step * batch_size * batches_per_step + replica * rows
        values = read(begin + tf.range(rows, dtype=tf.int64))
        if batches_per_step == 1:
            return values
        return tf.nest.map_structure(
            lambda t: tf.reshape(t, [share, batches_per_step, *t.shape[1:]]), values
        )

    # Repeated, so that TensorFlow knows it as endless: else the workers of a job ask each other
    # before each step whether anyone has come to an end.
    dataset = tf.data.Dataset.range(np.iinfo(np.int64).max).repeat()
    dataset = dataset.map(element, num_parallel_calls=parallel_calls(), deterministic=True)
    # Shards are taken above; sharding again would drop batches without a word.
    settings = tf.data.Options()
    settings.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return without_tuning(dataset.with_options(settings).prefetch(PREFETCHED))


def check_shared_equally(batch_size: int, replicas: int) -> None:
    """Refuses a global batch that the replicas cannot share equally."""
    if batch_size % replicas:
        raise UserInputError(
            f"A batch of {batch_size} cannot be shared equally by {replicas} replicas. Use a "
            f"batch size that is a multiple of {replicas}, such as "
            f"{max(1, round(batch_size / replicas)) * replicas}."
        )


def _replicas(context) -> tuple[int, int, int]:
    """Returns (first replica of this pipeline, replicas of this pipeline, all replicas)."""
    if context is None:
        return 0, 1, 1
    pipelines = context.num_input_pipelines
    replicas = max(context.num_replicas_in_sync, pipelines)
    local = replicas // pipelines
    return context.input_pipeline_id * local, local, replicas
