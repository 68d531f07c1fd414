"""Random numbers that belong to an example of the global batch, not to a device."""

import contextlib
import threading

import tensorflow as tf

from tfgan_suite.errors import UserInputError

_active = threading.local()


class ExampleScope:
    """The randomness of one pass over a slice of the global batch; see `example_scope`.

    The place in the pass, not the layer's name, tells the draws apart: automatic names count the
    layers made so far in the process, so they change from run to run.
    """

    in_inference = False

    def __init__(self, seed, offset, global_batch):
        self._seed = tf.convert_to_tensor(seed)
        self._offset = tf.cast(offset, tf.int32)
        self._global_batch = global_batch
        self._num_draws = 0

    def uniform(self, shape):
        """Draws float32 numbers in [0, 1) for the examples of this slice; each call draws anew.

        Args:
            shape: `(local_batch, ...)`, static but for the batch size.
        """
        local_batch, *example_shape = shape
        if isinstance(local_batch, int) and local_batch > self._global_batch:
            raise UserInputError(
                f"A layer that draws random numbers received {local_batch} examples inside an "
                f"`example_scope` of {self._global_batch}. Open the scope with the number of "
                "examples of the global batch that pass through the network at once."
            )
        seed = tf.random.experimental.stateless_fold_in(
            self._seed, tf.constant(self._num_draws, self._seed.dtype), alg="philox"
        )
        self._num_draws += 1
        drawn = _uniform((self._global_batch, *example_shape), seed)
        return tf.slice(
            drawn, [self._offset] + [0] * len(example_shape), [local_batch, *example_shape]
        )


class SeededRows:
    """The randomness of one pass over rows with a seed each; see `seeded_rows`."""

    in_inference = True

    def __init__(self, seeds):
        self._seeds = tf.cast(seeds, tf.int64)
        self._num_draws = 0

    def uniform(self, shape):
        """Draws float32 numbers in [0, 1) for these rows; each call draws anew.

        Args:
            shape: `(rows, ...)`, static but for the number of rows.
        """
        row_shape = shape[1:]
        self._num_draws += 1
        # Latents of the same seeds count their streams from 0 upwards.
        stream = tf.constant(-self._num_draws, tf.int64)
        return tf.map_fn(
            lambda seed: _uniform(row_shape, tf.stack([seed, stream])),
            self._seeds,
            fn_output_signature=tf.TensorSpec(row_shape, tf.float32),
        )


def _uniform(shape, seed):
    """Float32 numbers in [0, 1), the same with XLA and without.

    XLA and the plain kernel agree on random bits, but make other floats of them.
    """
    bits = tf.random.stateless_uniform(
        shape, seed, minval=None, maxval=None, dtype=tf.uint32, alg="philox"
    )
    return tf.cast(tf.bitwise.right_shift(bits, 8), tf.float32) * 2.0**-24


@contextlib.contextmanager
def example_scope(seed, offset, global_batch):
    """Ties the random layers called inside to the examples' places in the global batch.

    Numbers are drawn for the whole global batch and sliced, so one device with B examples and
    two with B / 2 each see the same masks. The scope belongs to the thread (one per replica) and
    is to be opened inside the function that is traced. Compiled by XLA or not, the numbers are
    the same.

    Args:
        seed: int32 or int64 tensor `[2]`, new for each step and pass.
        offset: int or scalar int tensor, index in the global batch of the first local example.
        global_batch: int, number of examples on all devices together.

    Example:

    >>> step, replica = 7, 1
    >>> with example_scope(seed=[0, step], offset=replica * 32, global_batch=64):
    ...     masked = Dropout(0.5)(tf.ones((32, 8)), training=True)
    """
    with _opened(ExampleScope(seed, offset, global_batch)) as scope:
        yield scope


@contextlib.contextmanager
def seeded_rows(seeds):
    """Gives each row a seed of its own, and keeps `Dropout` on in inference.

    For networks whose noise is dropout: what the random layers called inside draw for a row is a
    function of its seed, whatever else is in the batch. Like `example_scope`, it belongs to the
    thread and is to be opened inside the function that is traced.

    Args:
        seeds: whole numbers `[B]`, any value.

    Example:

    >>> with seeded_rows([7, 8]):
    ...     masked = Dropout(0.5)(tf.ones((2, 8)), training=False)
    """
    with _opened(SeededRows(seeds)) as scope:
        yield scope


@contextlib.contextmanager
def _opened(scope):
    outer = current_example_scope()
    _active.scope = scope
    try:
        yield scope
    finally:
        _active.scope = outer


def current_example_scope():
    """The innermost open `ExampleScope` or `SeededRows` of this thread, or None."""
    return getattr(_active, "scope", None)
