"""One training step of the package, as the benchmarks time it."""

import numpy as np
import tensorflow as tf

from tfgan_suite import testing


def endless_batches(model, batch_size):
    """Returns one batch of noise, again and again.

    Args:
        model: `GenerativeModel`.
        batch_size: examples of this process.
    """
    batch = testing.random_batch(model, batch_size)
    if model.batches_per_step > 1:
        batch = {
            name: np.reshape(values, (batch_size, model.batches_per_step, *np.shape(values)[1:]))
            for name, values in batch.items()
        }
    return model.distribute_strategy.distribute_datasets_from_function(
        lambda context: tf.data.Dataset.from_tensors(batch).repeat()
    )


def package_step(model, batch_size):
    """Returns a function that trains a compiled model by one step on noise.

    Args:
        model: `GenerativeModel`.
        batch_size: examples of this process.
    """
    function, iterator = model.make_train_function(), iter(endless_batches(model, batch_size))

    def run_step():
        logs = function(iterator)
        model.reset_metrics()
        return [float(value) for value in logs.values()]

    return run_step
