"""Fails when Keras or TensorFlow moves a private name that the package relies on."""

import inspect

import keras
import pytest

from tfgan_suite import keras_private, tf_private


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


def test_the_learning_rate_is_kept_as_it_was_given():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    assert keras_private.learning_rate_of(keras.optimizers.Adam(schedule)) is schedule
    optimizer = keras.optimizers.Adam(0.1)
    assert keras_private.learning_rate_of(optimizer) is optimizer.learning_rate


def test_adam_still_keeps_two_moments_of_each_weight():
    weights = [keras.Variable([1.0]), keras.Variable([1.0, 2.0])]
    optimizer = keras.optimizers.Adam()
    optimizer.build(weights)
    optimizer.apply([keras.ops.ones(1), keras.ops.array([1.0, 3.0])], weights)
    first, second = keras_private.adam_moments_of(optimizer, weights[1].value)
    assert first.numpy().tolist() == pytest.approx([0.1, 0.3])
    assert second.numpy().tolist() == pytest.approx([0.001, 0.009])


def test_variables_without_values_are_never_allocated():
    with keras_private.without_values():
        network = keras.Sequential([keras.Input((10**6,)), keras.layers.Dense(10**6)])
        assert network.count_params() == 10**12 + 10**6  # four terabytes
    assert keras.layers.Dense(2)(keras.ops.ones((1, 3))).shape == (1, 2)


def test_layers_know_what_they_read_and_who_reads_them():
    inputs = keras.Input((2,))
    first, second = keras.layers.Dense(2), keras.layers.Dense(2)
    x = first(inputs)
    keras.Model(inputs, [second(x), keras.layers.ReLU()(x)])
    assert keras_private.layer_before(second) is first
    assert (keras_private.times_called(first), keras_private.times_read(first)) == (1, 2)


def test_the_coordination_service_still_takes_a_heartbeat_timeout(monkeypatch):
    runtime = tf_private.context.context()
    method = type(runtime).configure_coordination_service
    assert "heartbeat_timeout_in_ms" in inspect.signature(method).parameters
    monkeypatch.setattr(runtime, "configure_coordination_service", method, raising=False)
    tf_private.tolerate_silence(3)
    assert runtime.configure_coordination_service.keywords == {"heartbeat_timeout_in_ms": 3000}
