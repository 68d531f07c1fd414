"""Fails when Keras moves one of the private names that the package relies on."""

import inspect

import keras
import pytest

from tfgan_suite.training import keras_private


def test_keras_still_builds_symbolically_by_the_name_that_is_overridden():
    method = keras.Model._maybe_symbolic_build
    assert list(inspect.signature(method).parameters) == ["self", "iterator", "data_batch"]


def test_fit_and_evaluate_still_call_it():
    for function in (keras.Model.fit, keras.Model.evaluate):
        assert "_maybe_symbolic_build" in inspect.getsource(inspect.unwrap(function))


def test_optimizers_still_sum_gradients_by_the_name_that_is_replaced():
    optimizer = keras.optimizers.Adam()
    assert "_all_reduce_sum_gradients" in inspect.getsource(type(optimizer)._backend_update_step)
    keras_private.keep_gradients_as_given(optimizer)
    assert optimizer._all_reduce_sum_gradients([(1, "v")]) == [(1, "v")]


def test_an_optimizer_without_that_name_is_refused():
    with pytest.raises(AttributeError, match="summed twice"):
        keras_private.keep_gradients_as_given(object())
