"""Every private name of Keras that the package relies on, and nothing else.

`tests/test_private_names.py` fails with the name when Keras moves one of them.
"""

import contextlib
from collections.abc import Iterator

import keras
from keras.src.backend.common import global_state


class WithoutSymbolicBuild:
    """Mixin: `fit` does not build the model by itself.

    Under a strategy Keras averages the first batch over the replicas to find out the shapes. That
    takes a batch away from the data, fails on strings and masks, and fails under multi-worker
    strategies (keras#20585). A `GenerativeModel` is built in its constructor and needs none of it.
    """

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        del iterator, data_batch


def keep_gradients_as_given(optimizer: keras.optimizers.Optimizer) -> None:
    """Stops `optimizer.apply` from summing the gradients over the replicas.

    The training core has averaged them already, in one flat all-reduce.
    """
    if not callable(getattr(optimizer, "_all_reduce_sum_gradients", None)):
        raise AttributeError(
            f"Keras {keras.__version__} has no `_all_reduce_sum_gradients` in "
            f"{type(optimizer).__name__}: gradients would be summed twice under a strategy. "
            "Install a Keras version that the package states as supported."
        )
    optimizer._all_reduce_sum_gradients = list


def learning_rate_of(optimizer: keras.optimizers.Optimizer):
    """Returns the optimizer's learning rate as it was given: a schedule, or the variable."""
    return optimizer._learning_rate


def adam_moments_of(optimizer: keras.optimizers.Adam, variable) -> tuple:
    """Returns the TensorFlow variables of a weight's two moments.

    Args:
        optimizer: built `Adam`.
        variable: the TensorFlow variable of a weight, as `update_step` gets it.
    """
    index = optimizer._get_variable_index(variable)
    return optimizer._momentums[index].value, optimizer._velocities[index].value


@contextlib.contextmanager
def without_values() -> Iterator[None]:
    """Gives layers that are built inside variables with a shape and no values.

    They can be counted, and nothing else: Keras would allocate and initialise them as soon as
    `keras.StatelessScope` ends.
    """
    waiting = global_state.get_global_attribute("uninitialized_variables", [], set_to_default=True)
    before = list(waiting)
    with keras.StatelessScope():
        try:
            yield
        finally:
            waiting[:] = before


def times_called(layer: keras.layers.Layer) -> int:
    """Returns how often a functional model calls a layer."""
    return len(layer._inbound_nodes)


def times_read(layer: keras.layers.Layer) -> int:
    """Returns how many layers of a functional model read a layer's output."""
    return len(layer._outbound_nodes)


def layer_before(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Returns the layer whose output a layer of a functional model reads."""
    return layer.input._keras_history.operation
