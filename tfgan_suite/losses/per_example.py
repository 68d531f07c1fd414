"""What every loss shares: one float32 number per example."""

import keras


def as_float(x):
    """`x` as a tensor of at least float32."""
    x = keras.ops.convert_to_tensor(x)
    return keras.ops.cast(x, keras.backend.result_type(x.dtype, "float32"))


def mean_per_example(x):
    """Mean over all axes but the first: `[batch, ...]` to `[batch]`."""
    return keras.ops.mean(x, axis=tuple(range(1, len(x.shape))))
