import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tfgan_suite.inference.constant_weights import ConstantWeights


def test_later_training_does_not_reach_the_constants():
    x = keras.Input((4,))
    network = keras.Model(x, layers.BatchNormalization()(layers.Dense(3)(x)))
    values = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    before = network(values, training=False)
    constant = ConstantWeights(network)
    for variable in network.variables:
        variable.assign(variable + 1)
    np.testing.assert_allclose(constant(values), before, atol=1e-6)


def test_all_callers_share_one_function():
    network = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    constant = ConstantWeights(network)
    spec = tf.TensorSpec((None, 4))
    callers = [
        tf.function(lambda x, c=c: constant(x) * c).get_concrete_function(spec) for c in (1.0, 2.0)
    ]
    called = [
        node.attr["f"].func.name
        for caller in callers
        for node in caller.graph.as_graph_def().node
        if node.op.endswith("PartitionedCall")
    ]
    assert len(called) == 2 and len(set(called)) == 1
    assert not any(caller.captured_inputs for caller in callers)


def test_several_inputs():
    a, b = keras.Input((4,)), keras.Input((2,))
    network = keras.Model([a, b], layers.Concatenate()([layers.Dense(3)(a), layers.Dense(3)(b)]))
    values = [np.ones((2, 4), "float32"), np.ones((2, 2), "float32")]
    constant = ConstantWeights(network)
    np.testing.assert_allclose(constant(values), network(values), atol=1e-6)
