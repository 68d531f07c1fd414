"""What `fit` and `evaluate` take, brought to batches of one static size."""

import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError


def as_static_batches(x, y=None, batch_size=None, shuffle=False, seed=0, num_replicas=1):
    """Returns `x` as a dataset whose batches all have one static size.

    A last, smaller batch is left out: its step would weigh its examples more than the others, and
    under a strategy it could leave a replica without any (tests show NaN for stock Keras).

    Args:
        x: array, tensor, tuple or dict of such (`[N, ...]` each), `tf.data.Dataset` of batches,
            or `tf.distribute.DistributedDataset` (returned as it is).
        y: array or tensor. With `x`, makes the batch the tuple `(x, y)`.
        batch_size: int. Global batch size for arrays. Defaults to 32.
        shuffle: bool. Shuffle arrays anew in each epoch.
        seed: int. Of the shuffling.
        num_replicas: int. The batch must be divisible by it.

    Raises:
        UserInputError: if the data has no batch dimension, too few examples, or a batch size that
            the replicas cannot share.
    """
    if isinstance(x, tf.distribute.DistributedDataset):
        return x
    if isinstance(x, tf.data.Dataset):
        dataset = _with_static_batches(x)
    elif hasattr(x, "shape") or isinstance(x, (tuple, list, dict)):
        data = x if y is None else (x, y)
        data = tuple(data) if isinstance(data, list) else data
        batch_of(data)
        dataset = _batches_of_arrays(data, batch_size or 32, shuffle, seed)
    else:
        raise UserInputError(
            "fit and evaluate take arrays or a tf.data.Dataset of batches. "
            f"Received: x of type {type(x).__name__}."
        )
    batch = batch_of(dataset.element_spec)
    if batch % num_replicas:
        raise UserInputError(
            f"A batch of {batch} cannot be shared equally by {num_replicas} replicas. Use a batch "
            f"size that is a multiple of {num_replicas}, such as "
            f"{max(1, round(batch / num_replicas)) * num_replicas}."
        )
    return dataset


def batch_of(structure) -> int | None:
    """Returns the static batch size of a structure of tensors or specs (None if unknown)."""
    leaves = tf.nest.flatten(structure)
    shapes = [leaf.shape for leaf in leaves if leaf is not None]
    if not shapes or any(len(shape) == 0 for shape in shapes):
        raise UserInputError(
            "Every tensor of a batch needs a leading batch dimension. "
            f"Received shapes {[tuple(shape) for shape in shapes]}."
        )
    return shapes[0][0]


def _batches_of_arrays(data, batch_size, shuffle, seed):
    lengths = {len(leaf) for leaf in tf.nest.flatten(data)}
    if len(lengths) != 1:
        # Unpaired domains may differ in size: each goes round at its own pace.
        if not isinstance(data, tuple):
            raise UserInputError(f"Arrays of one batch differ in length: {sorted(lengths)}.")
        most = max(lengths)
        data = tuple(np.resize(np.arange(len(d)), most) if len(d) == 0 else d for d in data)
        parts = [tf.data.Dataset.from_tensor_slices(d).repeat().take(most) for d in data]
        dataset, length = tf.data.Dataset.zip(tuple(parts)), most
    else:
        dataset, length = tf.data.Dataset.from_tensor_slices(data), lengths.pop()
    if length < batch_size:
        raise UserInputError(
            f"{length} examples do not fill one batch of {batch_size}. "
            "Pass a smaller batch_size or more examples."
        )
    if shuffle:
        dataset = dataset.shuffle(length, seed=seed, reshuffle_each_iteration=True)
    return dataset.batch(batch_size, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


def _with_static_batches(dataset):
    if batch_of(dataset.element_spec) is not None:
        return dataset
    first = next(iter(dataset.take(1)), None)
    if first is None:
        raise UserInputError("The dataset is empty: there is nothing to train on or to measure.")
    batch = batch_of(first)

    def is_whole(*element):
        return tf.equal(tf.shape(tf.nest.flatten(element)[0])[0], batch)

    def fix(*element):
        element = element[0] if len(element) == 1 else element
        return tf.nest.map_structure(lambda t: tf.ensure_shape(t, [batch, *t.shape[1:]]), element)

    return dataset.filter(is_whole).map(fix)
