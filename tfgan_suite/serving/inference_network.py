"""The same network with less to compute: batch norms folded, transposed convolutions in phases."""

import itertools

import keras
import numpy as np
import tensorflow as tf
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


def inference_network(network: keras.Model) -> keras.Model:
    """Returns a network for inference that gives the same outputs in less time.

    - A batch norm with its moving statistics is `x * scale + offset` for each channel. Where it
      directly follows a dense layer, a convolution or a transposed convolution without activation
      that nothing else reads, scale goes into that layer's kernel and offset into its bias.
    - A transposed convolution of stride 2 becomes four convolutions, one for each phase of the
      output's rows and columns, with the taps of the kernel that meet a pixel there. TensorFlow
      computes it as the gradient of a convolution: for one picture 1.8 times as long on a CPU core.

    Args:
        network: functional or sequential model. Layers that compute in less than float32 stay
            as they are.

    Returns:
        A model of its own with the same outputs up to rounding (1e-5 of outputs in [-1, 1]);
        `network` itself where there is nothing to change.

    Example:

    ```python
    generator, _ = build_pair("dcgan", image_size=16, filters=4)
    faster = inference_network(generator)
    latents = np.ones((2, 100), "float32")
    assert np.allclose(faster(latents), generator(latents), atol=1e-5)
    ```
    """
    # Only layers of such models know what they read and what reads them.
    if not (isinstance(network, keras.Sequential) or hasattr(network, "operations")):
        return network
    folds = {id(norm): linear for norm in network.layers if (linear := _foldable(norm))}
    norms = {id(linear): norm for norm in network.layers if (linear := folds.get(id(norm)))}
    phased = {id(layer) for layer in network.layers if _has_phases(layer)}
    if not folds and not phased:
        return network

    def clone(layer):
        if id(layer) in folds:
            return _FoldedAway(name=layer.name)
        config = layer.get_config()
        if id(layer) in norms:
            config["use_bias"] = True
        clone = type(layer).from_config(config)
        return PhaseConvolution2D.of(clone) if id(layer) in phased else clone

    faster = keras.models.clone_model(network, clone_function=clone)
    for layer in network.layers:
        if not layer.weights or id(layer) in folds:
            continue
        weights = [np.asarray(weight) for weight in layer.get_weights()]
        if id(layer) in norms:
            weights = _folded(layer, norms[id(layer)])
        faster.get_layer(layer.name).set_weights(
            faster.get_layer(layer.name).phases_of(*weights) if id(layer) in phased else weights
        )
    return faster


class PhaseConvolution2D(layers.Layer):
    """A transposed convolution of stride 2 as one convolution for each phase of the output.

    Row 2a + p of the output takes every other row of the kernel: those k for which an input row i
    exists with 2i + k - P = 2a + p, where P are the rows that the padding cuts off at the top.
    Columns likewise.

    Args:
        filters, kernel_size, padding, activation, use_bias: as of `Conv2DTranspose`.
    """

    def __init__(self, filters, kernel_size, padding, activation, use_bias, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.padding = filters, kernel_size, padding
        self.activation, self.use_bias = activation, use_bias

    @classmethod
    def of(cls, layer: layers.Conv2DTranspose):
        """Makes the layer that computes what `layer` does."""
        return cls(
            layer.filters,
            layer.kernel_size,
            layer.padding,
            layer.activation,
            layer.use_bias,
            name=layer.name,
        )

    def build(self, input_shape):
        self.kernels = {
            f"{row}{column}": self.add_weight(
                name=f"kernel_{row}{column}",
                shape=(
                    len(self._taps(0, row)),
                    len(self._taps(1, column)),
                    input_shape[-1],
                    self.filters,
                ),
            )
            for row, column in _PHASES
        }
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,))

    def call(self, inputs):
        phases = [
            tf.nn.conv2d(
                inputs,
                self.kernels[f"{row}{column}"],
                1,
                [[0, 0], self._pads(0, row), self._pads(1, column), [0, 0]],
            )
            for row, column in _PHASES
        ]
        x = tf.nn.depth_to_space(tf.concat(phases, axis=-1), 2)
        # Each phase has half of the rows, rounded up.
        height, width = (
            None if size is None else self._size(axis, size)
            for axis, size in enumerate(inputs.shape[1:3])
        )
        if any(self._size(axis, 1) % 2 for axis in (0, 1)):
            shape = tf.shape(inputs)
            x = x[:, : self._size(0, shape[1]), : self._size(1, shape[2])]
        x.set_shape([inputs.shape[0], height, width, self.filters])
        if self.use_bias:
            x = tf.nn.bias_add(x, self.bias)
        return self.activation(x)

    def phases_of(self, kernel, bias=None):
        """Returns this layer's weights for those of a `Conv2DTranspose`."""
        kernels = [
            kernel[self._taps(0, row)][:, self._taps(1, column)].transpose(0, 1, 3, 2)
            for row, column in _PHASES
        ]
        return kernels if bias is None else [*kernels, bias]

    def _size(self, axis, size):
        """Rows or columns of the output."""
        if self.padding == "same":
            return 2 * size
        return 2 * size + self.kernel_size[axis] - 2

    def _cut(self, axis):
        return (self.kernel_size[axis] - 2) // 2 if self.padding == "same" else 0

    def _taps(self, axis, phase):
        """Places in the kernel, in the order of the input's rows or columns that they meet."""
        first = (phase + self._cut(axis)) % 2
        return list(range(first, self.kernel_size[axis], 2))[::-1]

    def _pads(self, axis, phase):
        shift = (phase + self._cut(axis)) // 2
        low = len(self._taps(axis, phase)) - 1 - shift
        more = (self._size(axis, 1) + 1) // 2 - 1  # rows of a phase above those of the input
        return [low, more + shift]


_PHASES = tuple(itertools.product((0, 1), repeat=2))


class _FoldedAway(layers.Layer):
    def call(self, inputs, training=False, mask=None):
        return inputs


def _foldable(norm):
    """Returns the layer that a batch norm may go into, or None."""
    if not isinstance(norm, _NORMS) or len(norm._inbound_nodes) != 1:
        return None
    linear = norm.input._keras_history.operation
    possible = (
        isinstance(linear, _LINEAR)
        and linear.activation is keras.activations.linear
        and len(linear._outbound_nodes) == len(linear._inbound_nodes) == 1
        and getattr(norm, "axis", -1) in (-1, len(norm.input.shape) - 1)
        and {linear.compute_dtype, norm.compute_dtype} == {"float32"}
    )
    return linear if possible else None


def _folded(linear, norm):
    """The kernel and bias of a linear layer with a batch norm in them, computed in float64."""

    def values(variable):
        return np.asarray(variable, np.float64)

    scale = 1.0 / np.sqrt(values(norm.moving_variance) + norm.epsilon)
    if norm.scale:
        scale = scale * values(norm.gamma)
    # The channels made come last in a kernel, but before those read in a transposed convolution's.
    transposed = isinstance(linear, layers.Conv2DTranspose | layers.Conv3DTranspose)
    kernel = values(linear.kernel) * (scale[:, None] if transposed else scale)
    bias = values(linear.bias) if linear.use_bias else 0.0
    offset = values(norm.beta) if norm.center else 0.0
    return [kernel, (bias - values(norm.moving_mean)) * scale + offset]


def _has_phases(layer):
    return (
        type(layer) is layers.Conv2DTranspose
        and layer.compute_dtype == "float32"
        and layer.data_format == "channels_last"
        and tuple(layer.strides) == (2, 2)
        and tuple(layer.dilation_rate) == (1, 1)
        and layer.output_padding is None
        and min(layer.kernel_size) >= 2
    )
