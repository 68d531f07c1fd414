"""Every private name of Keras that the package relies on, and nothing else.

`tests/training/keras_private_test.py` fails with the name when Keras moves one of them.
"""

import keras


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
