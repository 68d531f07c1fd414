"""What a published model answers: named inputs, named outputs, one row per example.

A model server joins the rows of several requests into one batch and hands the answers out row by
row. So every input and output has the same leading batch dimension, and a row's answer depends on
that row alone, to the last bit, whatever else is in a batch of the same size. The helpers here keep
to that. Another number of rows may change the rounding, where TensorFlow takes another kernel
(measured on published versions between 1, 3, 8 and 16 rows: nothing with a DCGAN or a CycleGAN,
3e-7 for a single row in a dense generator).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf

DEFAULT_RANGE = (-1e6, 1e6)
"""What a float input may hold where a signature says nothing else."""

LATENT_RANGE = (-100, 100)
"""What latents may hold: their distributions end before 10."""

_SPARE = 0.01


@dataclass(frozen=True, eq=False)
class Signature:
    """One thing that a published model answers.

    Calling a signature checks its inputs, in the graph too: a wrong shape, a NaN or a number
    outside the range of the input raises an error that names the input and, for values, the row.

    Args:
        function: Takes the inputs by name and returns a dict of named outputs: float32, or strings
            named `*_bytes`. No stateful operation, no Python function.
        inputs: `keras.InputSpec` or `tf.TensorSpec` for each input; the first dimension is `None`.
        doc: What goes in and what comes out, with value ranges, for the person who calls it.
        example: Takes a number of rows and returns valid inputs, as NumPy arrays.
        ranges: `{input: (lowest, highest)}` for float inputs, with a hundredth of the width to
            spare for rounding. What is not named may be within `DEFAULT_RANGE`: finite numbers
            beyond it can overflow in a network, whose answer would be NaN.

    Example:

    ```python
    Signature(
        function=lambda latents: {"images": generator(latents)},
        inputs={"latents": keras.InputSpec(shape=(None, 64), dtype="float32")},
        doc="Latents, standard normal, to images in [-1, 1].",
        example=lambda num_rows: {"latents": np.zeros((num_rows, 64), "float32")},
    )
    ```
    """

    function: Callable[..., Mapping[str, tf.Tensor]]
    inputs: Mapping[str, keras.InputSpec | tf.TensorSpec]
    doc: str
    example: Callable[[int], Mapping[str, np.ndarray]]
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def tensor_specs(self) -> dict[str, tf.TensorSpec]:
        """The inputs as `tf.TensorSpec`, each with its own name."""
        return {
            name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in self.inputs.items()
        }

    def range_of(self, name: str) -> tuple[float, float] | None:
        """The lowest and highest value of an input, `None` for inputs of other types than float."""
        if not self.tensor_specs[name].dtype.is_floating:
            return None
        return tuple(map(float, self.ranges.get(name, DEFAULT_RANGE)))

    def __call__(self, **inputs) -> dict[str, tf.Tensor]:
        checked = {
            name: _checked_input(inputs[name], spec, self.range_of(name))
            for name, spec in self.tensor_specs.items()
        }
        return dict(self.function(**_in_as_many_rows(checked)))


def _in_as_many_rows(values):
    """Passes inputs on; a request whose inputs differ in their number of rows fails.

    Where networks only add and multiply, one row would be taken for all.
    """
    if len(values) < 2:
        return values
    counts = tf.stack([tf.shape(value)[0] for value in values.values()])
    check = tf.debugging.Assert(
        tf.reduce_all(counts == counts[0]),
        [f"Inputs {', '.join(values)}: expected as many rows in each; received", counts],
        summarize=100,
    )
    with tf.control_dependencies([check] if check is not None else []):
        return {name: tf.identity(value) for name, value in values.items()}


def _checked_input(value, spec, limits):
    value = tf.ensure_shape(tf.convert_to_tensor(value, spec.dtype), spec.shape, name=spec.name)
    if limits is None:
        return value
    lowest, highest = limits
    spare = _SPARE * (highest - lowest)
    # Half precision ends below the default range.
    bounds = np.clip([lowest - spare, highest + spare], spec.dtype.min, spec.dtype.max)
    is_inside = tf.reduce_all(  # NaN is not.
        (value >= tf.cast(bounds[0], spec.dtype)) & (value <= tf.cast(bounds[1], spec.dtype)),
        axis=list(range(1, value.shape.rank)),
        name=spec.name,
    )
    return refuse_rows(
        value,
        tf.logical_not(is_inside),
        f"Input {spec.name}: expected {lowest:g} to {highest:g}; NaN or another number stands",
    )


def refuse_rows(value: tf.Tensor, is_bad: tf.Tensor, message: str) -> tf.Tensor:
    """Passes a tensor on; where a row is bad, the request fails with an error that names the rows.

    Args:
        value: Any tensor; what is computed from the result is computed after the check.
        is_bad: bool `[B]`.
        message: Names the input and says what is wrong with it.

    Returns:
        `value`.
    """
    check = tf.debugging.Assert(
        tf.logical_not(tf.reduce_any(is_bad)),
        [message, "in rows (counted from 0)", tf.where(is_bad)[:, 0]],
        summarize=100,
    )
    with tf.control_dependencies([check] if check is not None else []):
        return tf.identity(value)


def check_ids(name: str, ids: tf.Tensor, num_ids: int) -> tf.Tensor:
    """Passes ids on, such as class labels; one that does not exist is refused by input and row.

    Args:
        name: Name of the input.
        ids: int32 or int64 `[B]`.
        num_ids: There are the ids 0 to `num_ids` - 1.

    Returns:
        `ids`.
    """
    message = f"Input {name}: expected 0 to {num_ids - 1}; received a number outside"
    return refuse_rows(ids, (ids < 0) | (ids >= num_ids), message)
