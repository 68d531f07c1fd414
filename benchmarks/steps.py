"""One training step of the package, as the benchmarks time it."""

import tensorflow as tf

from tfgan_suite import testing


def package_step(model, batch_size):
    """Returns a function that trains a compiled model by one step on noise.

    Args:
        model: `GenerativeModel` of one batch a step.
        batch_size: examples of this process.
    """
    batch = testing.random_batch(model, batch_size)
    dataset = model.distribute_strategy.distribute_datasets_from_function(
        lambda context: tf.data.Dataset.from_tensors(batch).repeat()
    )
    function, iterator = model.make_train_function(), iter(dataset)

    def run_step():
        logs = function(iterator)
        model.reset_metrics()
        return [float(value) for value in logs.values()]

    return run_step
