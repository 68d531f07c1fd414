"""Gradients of a batch that does not fit, taken part by part."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfgan_suite.errors import UserInputError

MEANS = ("gradients", "statistics", "scalars")


def in_parts(compute: Callable[..., dict[str, Any]], inputs, batch: int, parts: int):
    """Computes a batch's gradients as the mean over equal parts of it, one after the other.

    Args:
        compute: `compute(inputs_of_part, first) -> dict`, where `first` is the int32 index in the
            batch of the part's first example. The entries in `MEANS` are averaged over the parts,
            the entry `outputs` (per-example tensors) is joined again.
        inputs: structure of per-example tensors `[batch, ...]`, and of scalars for all parts.
        batch: int. Examples of this replica.
        parts: int. With 1, `compute` is called once on all.

    Returns:
        What `compute` on the whole batch would return, up to rounding.

    Raises:
        UserInputError: if the batch cannot be shared equally by the parts.
    """
    if parts == 1:
        return compute(inputs, tf.constant(0))
    if batch % parts:
        raise UserInputError(
            f"accumulate_steps={parts} cannot share {batch} examples of a device equally. Choose "
            f"a batch size that is a multiple of {parts} times the number of devices."
        )
    size = batch // parts

    def part_of(tensor, i):
        tensor = tf.convert_to_tensor(tensor)
        if tensor.shape.rank == 0:
            return tensor
        return tf.reshape(tensor, [parts, size, *tensor.shape[1:]])[i]

    def of_part(i):
        result = compute(tf.nest.map_structure(lambda t: part_of(t, i), inputs), i * size)
        return {name: result[name] for name in MEANS}, result["outputs"]

    sums, first_outputs = of_part(tf.constant(0))
    collected = tf.nest.map_structure(
        lambda t: tf.TensorArray(t.dtype, parts, element_shape=t.shape).write(0, t), first_outputs
    )

    def add_part(i, sums, collected):
        more, outputs = of_part(i)
        sums = tf.nest.map_structure(tf.add, sums, more)
        collected = tf.nest.map_structure(lambda array, t: array.write(i, t), collected, outputs)
        return i + 1, sums, collected

    # One part at a time: that is what saves the memory.
    _, sums, collected = tf.while_loop(
        lambda i, sums, collected: i < parts,
        add_part,
        (tf.constant(1), sums, collected),
        parallel_iterations=1,
    )
    means = tf.nest.map_structure(lambda t: t / tf.cast(parts, t.dtype), sums)
    outputs = tf.nest.map_structure(
        lambda array, t: tf.reshape(array.stack(), [batch, *t.shape[1:]]), collected, first_outputs
    )
    return {**means, "outputs": outputs}
