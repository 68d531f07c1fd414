"""One training step of the package, as the benchmarks time it."""

import numpy as np
import tensorflow as tf


def package_step(model, batch_size):
    """Returns a function that trains a compiled model by one step on noise.

    Args:
        model: `GenerativeModel`.
        batch_size: examples of this process.
    """
    rng = np.random.default_rng(0)
    shapes = model.example_shapes()
    shapes = shapes if model.data_kind == "unpaired" else (shapes,)
    noise = [rng.uniform(-1, 1, (batch_size, *shape)).astype(np.float32) for shape in shapes]
    batch = tuple(noise) if model.data_kind == "unpaired" else noise[0]
    dataset = model.distribute_strategy.distribute_datasets_from_function(
        lambda context: tf.data.Dataset.from_tensors(batch).repeat()
    )
    function, iterator = model.make_train_function(), iter(dataset)

    def run_step():
        logs = function(iterator)
        model.reset_metrics()
        return [float(value) for value in logs.values()]

    return run_step
