"""The same network with less to compute: batch norms folded, transposed convolutions in phases."""

import itertools

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tfgan_suite.layers import GhostBatchNormalization, ReflectionPadding2D
from tfgan_suite.layers.group_moments import VECTOR

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
      Few filters, such as those of an RGB picture, are computed by one convolution for all phases.
    - Reflection padding becomes one gather of pixels.

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
    if not is_graph_of_layers(network):
        return network
    folds = {id(norm): linear for norm in network.layers if (linear := _foldable(norm))}
    norms = {id(linear): norm for norm in network.layers if (linear := folds.get(id(norm)))}
    stand_ins = {id(layer): kind for layer in network.layers if (kind := _stand_in(layer))}
    if not folds and not stand_ins:
        return network

    def clone(layer):
        if id(layer) in folds:
            return _FoldedAway(name=layer.name)
        config = layer.get_config()
        if id(layer) in norms:
            config["use_bias"] = True
        clone = type(layer).from_config(config)
        return stand_ins[id(layer)].of(clone) if id(layer) in stand_ins else clone

    faster = keras.models.clone_model(network, clone_function=clone)
    for layer in network.layers:
        if not layer.weights or id(layer) in folds:
            continue
        weights = [np.asarray(weight) for weight in layer.get_weights()]
        if id(layer) in norms:
            weights = _folded(layer, norms[id(layer)])
        twin = faster.get_layer(layer.name)
        twin.set_weights(twin.weights_for(*weights) if id(layer) in stand_ins else weights)
    return faster


def is_graph_of_layers(network: keras.Model) -> bool:
    """Returns whether a model is functional or sequential: its layers know what they read."""
    return isinstance(network, keras.Sequential) or hasattr(network, "operations")


class PhaseConvolution2D(layers.Layer):
    """A transposed convolution of stride 2 as one convolution for each phase of the output.

    Row 2a + p of the output takes every other row of the kernel: those k for which an input row i
    exists with 2i + k - P = 2a + p, where P are the rows that the padding cuts off at the top.
    Columns likewise. Where the filters of all phases fit into one vector register, one convolution
    computes them together, with zeros in its kernel where a phase has no taps.

    Args:
        filters, kernel_size, padding, activation, use_bias: as of `Conv2DTranspose`.
    """

    def __init__(self, filters, kernel_size, padding, activation, use_bias, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.padding = filters, kernel_size, padding
        self.activation, self.use_bias = activation, use_bias
        together = len(_PHASES) * filters <= VECTOR
        # The phases that each convolution computes.
        self.convolutions = [_PHASES] if together else [(phase,) for phase in _PHASES]

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
        self.kernels = [
            self.add_weight(
                name=f"kernel_{number}",
                shape=(*self._window(phases), input_shape[-1], len(phases) * self.filters),
            )
            for number, phases in enumerate(self.convolutions)
        ]
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,))

    def call(self, inputs):
        computed = [
            tf.nn.conv2d(inputs, kernel, 1, [[0, 0], *self._pads(phases), [0, 0]])
            for kernel, phases in zip(self.kernels, self.convolutions, strict=True)
        ]
        x = tf.nn.depth_to_space(tf.concat(computed, axis=-1), 2)
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

    def weights_for(self, kernel, bias=None):
        """Returns this layer's weights for those of a `Conv2DTranspose`."""
        kernels = []
        for phases in self.convolutions:
            joined = np.zeros((*self._window(phases), kernel.shape[3], len(phases), self.filters))
            for number, phase in enumerate(phases):
                taps = np.ix_(*(self._taps(axis, phase[axis]) for axis in (0, 1)))
                place = tuple(self._place(axis, phase, phases) for axis in (0, 1))
                joined[(*place, slice(None), number)] = kernel[taps].swapaxes(2, 3)
            kernels.append(joined.reshape(*joined.shape[:3], -1))
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

    def _reach(self, axis, phases):
        """Rows or columns of the input before and after a pixel's own that these phases take."""
        after = [(phase[axis] + self._cut(axis)) // 2 for phase in phases]
        taps = [len(self._taps(axis, phase[axis])) for phase in phases]
        before = [number - 1 - late for number, late in zip(taps, after, strict=True)]
        return max(before), max(after)

    def _window(self, phases):
        return tuple(sum(self._reach(axis, phases)) + 1 for axis in (0, 1))

    def _place(self, axis, phase, phases):
        """Where the taps of one phase are in the kernel of several."""
        start = self._reach(axis, phases)[0] - self._reach(axis, [phase])[0]
        return slice(start, start + len(self._taps(axis, phase[axis])))

    def _pads(self, phases):
        pads = []
        for axis in (0, 1):
            before, after = self._reach(axis, phases)
            more = (self._size(axis, 1) + 1) // 2 - 1  # rows of a phase above those of the input
            pads.append([before, more + after])
        return pads


class GatheredReflection2D(layers.Layer):
    """Reflection padding as one gather of pixels.

    Args:
        padding: `((top, bottom), (left, right))`.
    """

    def __init__(self, padding, **kwargs):
        super().__init__(**kwargs)
        self.padding = padding

    @classmethod
    def of(cls, layer: ReflectionPadding2D):
        """Makes the layer that computes what `layer` does."""
        return cls(layer.padding, name=layer.name)

    def call(self, inputs):
        _, height, width, channels = inputs.shape
        shape = tf.shape(inputs)
        height = shape[1] if height is None else height
        width = shape[2] if width is None else width
        rows, columns = (
            last - tf.abs(last - tf.abs(tf.range(-before, last + 1 + after)))
            for last, (before, after) in zip((height - 1, width - 1), self.padding, strict=True)
        )
        places = rows[:, None] * width + columns
        pixels = tf.reshape(inputs, [-1, height * width, channels])
        return tf.reshape(
            tf.gather(pixels, tf.reshape(places, [-1]), axis=1),
            [-1, tf.size(rows), tf.size(columns), channels],
        )


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


def _stand_in(layer):
    """Returns the kind of layer that does the same in less time, or None."""
    if type(layer) is ReflectionPadding2D:
        return GatheredReflection2D
    return PhaseConvolution2D if _has_phases(layer) else None


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
