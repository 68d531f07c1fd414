"""Batch norm folded into the linear layers before it, for inference."""

from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from tfgan_suite.layers import GhostBatchNormalization

_LINEAR = (
    layers.Dense,
    layers.Conv2D,
    layers.Conv2DTranspose,
    layers.Conv3D,
    layers.Conv3DTranspose,
)
_NORMS = (GhostBatchNormalization, layers.BatchNormalization)


class _Fold(NamedTuple):
    linear: layers.Layer
    norm: layers.Layer


class _FoldedAway(layers.Layer):
    def call(self, inputs, training=False, mask=None):
        return inputs


def fold_batch_norm(network: keras.Model) -> keras.Model:
    """Returns a network for inference in which batch norms have gone into the layer before.

    A batch norm with its moving statistics is `x * scale + offset` for each channel. Where it
    directly follows a dense layer, a convolution or a transposed convolution without activation
    that nothing else reads, scale goes into that layer's kernel and offset into its bias.

    Args:
        network: functional or sequential model. Layers that compute in less than float32 stay
            as they are.

    Returns:
        A model of its own with the same outputs up to rounding (1e-5 of outputs in
        [-1, 1]); `network` itself where there is nothing to fold.

    Example:

    ```python
    generator, _ = build_pair("dcgan", image_size=16, filters=4)
    folded = fold_batch_norm(generator)
    latents = np.ones((2, 100), "float32")
    assert np.allclose(folded(latents), generator(latents), atol=1e-5)
    ```
    """
    folds = _folds(network)
    if not folds:
        return network
    by_linear = {id(fold.linear): fold for fold in folds}
    norms = {id(fold.norm) for fold in folds}

    def clone(layer):
        if id(layer) in norms:
            return _FoldedAway(name=layer.name)
        config = layer.get_config()
        if id(layer) in by_linear:
            config["use_bias"] = True
        return type(layer).from_config(config)

    folded = keras.models.clone_model(network, clone_function=clone)
    for layer in filter(lambda layer: layer.weights, network.layers):
        if id(layer) in by_linear:
            folded.get_layer(layer.name).set_weights(_folded_weights(*by_linear[id(layer)]))
        elif id(layer) not in norms:
            folded.get_layer(layer.name).set_weights(layer.get_weights())
    return folded


def _folds(network):
    # Only layers of such models know what they read and what reads them.
    if not (isinstance(network, keras.Sequential) or hasattr(network, "operations")):
        return []
    folds = []
    for norm in network.layers:
        if not isinstance(norm, _NORMS) or len(norm._inbound_nodes) != 1:
            continue
        linear = norm.input._keras_history.operation
        if (
            isinstance(linear, _LINEAR)
            and linear.activation is keras.activations.linear
            and len(linear._outbound_nodes) == len(linear._inbound_nodes) == 1
            and _axis_is_last(norm)
            and {linear.compute_dtype, norm.compute_dtype} == {"float32"}
        ):
            folds.append(_Fold(linear, norm))
    return folds


def _axis_is_last(norm):
    return getattr(norm, "axis", -1) in (-1, len(norm.input.shape) - 1)


def _folded_weights(linear, norm):
    """The kernel and bias of a linear layer with a batch norm in them, computed in float64."""

    def values(variable, default):
        return default if variable is None else np.asarray(variable, np.float64)

    gain = values(norm.gamma if norm.scale else None, 1.0)
    scale = gain / np.sqrt(values(norm.moving_variance, None) + norm.epsilon)
    kernel = values(linear.kernel, None)
    # The channels made come last in a kernel, but before those read in a transposed convolution's.
    transposed = isinstance(linear, layers.Conv2DTranspose | layers.Conv3DTranspose)
    kernel = kernel * (scale[:, None] if transposed else scale)
    bias = values(linear.bias if linear.use_bias else None, 0.0)
    offset = values(norm.beta if norm.center else None, 0.0)
    return [kernel, (bias - values(norm.moving_mean, None)) * scale + offset]
