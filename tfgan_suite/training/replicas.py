"""The only place where numbers cross replicas."""

import tensorflow as tf


def mean_over_replicas(tensors: list[tf.Tensor], num_replicas: int) -> list[tf.Tensor]:
    """Averages floating-point tensors over the replicas in one flat all-reduce.

    Each replica holds the same number of examples, so the mean of the replicas' means is the mean
    over the global batch, and the mean of their gradients is its gradient.

    Args:
        tensors: list of floating-point tensors of static shape, the same on every replica.
        num_replicas: int. Replicas in sync; with 1 the tensors come back untouched.

    Returns:
        List of tensors of the same shapes and dtypes. The sum is made in float32.
    """
    if num_replicas == 1 or not tensors:
        return tensors
    flat = tf.concat([tf.reshape(tf.cast(t, tf.float32), [-1]) for t in tensors], axis=0)
    flat = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, flat)
    parts = tf.split(flat, [t.shape.num_elements() for t in tensors])
    return [
        tf.cast(tf.reshape(part, t.shape), t.dtype) for part, t in zip(parts, tensors, strict=True)
    ]


def weighted_mean(values: tf.Tensor, weights: tf.Tensor | None) -> tf.Tensor:
    """Returns the mean of `values` `[B, ...]`, of which each row has a weight.

    Args:
        values: float32 tensor. A scalar counts for all rows.
        weights: float32 `[B]` or None. A row of weight 0 does not count even where it is not
            finite. Over all replicas their mean is 1, so that the mean of the replicas' means is
            that over the rows of the global batch.
    """
    if weights is not None:
        shape = [-1] + [1] * (values.shape.rank - 1) if values.shape.rank else [-1]
        values = tf.math.multiply_no_nan(values, tf.reshape(weights, shape))
    return tf.reduce_mean(values)


def gather_batch(tensor: tf.Tensor, num_replicas: int) -> tf.Tensor:
    """Returns the global batch `[N * B, ...]` of a local one `[B, ...]`, in replica order."""
    if num_replicas == 1:
        return tensor
    gathered = tf.distribute.get_replica_context().all_gather(tensor, axis=0)
    # The all-gather forgets the shape, of which later operations make what they can.
    return tf.ensure_shape(gathered, [tensor.shape[0] * num_replicas, *tensor.shape[1:]])
