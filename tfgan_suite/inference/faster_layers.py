"""Layers that compute for inference what others do, in less time."""

import itertools

import numpy as np
import tensorflow as tf
from keras import layers

from tfgan_suite.keras_private import times_called
from tfgan_suite.layers import ReflectionPadding2D
from tfgan_suite.layers.group_moments import VECTOR

_PHASES = tuple(itertools.product((0, 1), repeat=2))


def faster_kind(layer: layers.Layer) -> type | None:
    """Returns the class of this module that can do what a layer does, or None.

    Its `of(layer)` makes the faster layer; where there are weights, `weights_for` converts them.
    """
    if type(layer) is ReflectionPadding2D:
        return GatheredReflection2D
    if _has_phases(layer):
        return PhaseConvolution2D
    return BlockConvolution2D if _has_blocks(layer) else None


class _OtherConvolution(layers.Layer):
    """Base of the layers that do in another way what a convolution of Keras does.

    Args:
        filters, kernel_size, padding, activation, use_bias: as of Keras' layer.
    """

    def __init__(self, filters, kernel_size, padding, activation, use_bias, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.padding = filters, kernel_size, padding
        self.activation, self.use_bias = activation, use_bias

    @classmethod
    def of(cls, layer: layers.Conv2D | layers.Conv2DTranspose):
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
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,))

    def _with_bias_and_activation(self, x):
        return self.activation(tf.nn.bias_add(x, self.bias) if self.use_bias else x)


class PhaseConvolution2D(_OtherConvolution):
    """A transposed convolution of stride 2 as one convolution for each phase of the output.

    Row 2a + p of the output takes every other row of the kernel: those k for which an input row i
    exists with 2i + k - P = 2a + p, where P are the rows that the padding cuts off at the top.
    Columns likewise. Where the filters of all phases fit into one vector register, one convolution
    computes them together, with zeros in its kernel where a phase has no taps.
    """

    def __init__(self, filters, *args, **kwargs):
        super().__init__(filters, *args, **kwargs)
        together = len(_PHASES) * filters <= VECTOR
        # The phases that each convolution computes.
        self.convolutions = [_PHASES] if together else [(phase,) for phase in _PHASES]

    def build(self, input_shape):
        self.kernels = [
            self.add_weight(
                name=f"kernel_{number}",
                shape=(*self._window(phases), input_shape[-1], len(phases) * self.filters),
            )
            for number, phases in enumerate(self.convolutions)
        ]
        super().build(input_shape)

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
        return self._with_bias_and_activation(x)

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


class BlockConvolution2D(_OtherConvolution):
    """A convolution with few filters that computes 2 x 2 pixels at once.

    Three filters, those of an RGB image, leave most of a vector register empty. Here they stand
    in the kernel four times, each time shifted by a row or a column with zeros beside, and the
    convolution steps over every other pixel: 7 x 7 taps of 32 channels took a third of the time.
    """

    def build(self, input_shape):
        rows, columns = self.kernel_size
        shape = (rows + 1, columns + 1, input_shape[-1], len(_PHASES) * self.filters)
        self.kernel = self.add_weight(name="kernel", shape=shape)
        super().build(input_shape)

    def call(self, inputs):
        pads = [[0, 0]] * 4
        if self.padding == "same":
            pads[1:3] = [[(size - 1) // 2, size // 2] for size in self.kernel_size]
        x = tf.nn.depth_to_space(tf.nn.conv2d(inputs, self.kernel, 2, pads), 2)
        return self._with_bias_and_activation(x)

    def weights_for(self, kernel, bias=None):
        """Returns this layer's weights for those of a `Conv2D`."""
        rows, columns, channels, filters = kernel.shape
        block = np.zeros((rows + 1, columns + 1, channels, len(_PHASES), filters))
        for number, (row, column) in enumerate(_PHASES):
            block[row : row + rows, column : column + columns, :, number] = kernel
        block = block.reshape(rows + 1, columns + 1, channels, -1)
        return [block] if bias is None else [block, bias]


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


def _has_phases(layer):
    return (
        type(layer) is layers.Conv2DTranspose
        and _is_plain(layer, strides=2)
        and layer.output_padding is None
        and min(layer.kernel_size) >= 2
    )


def _has_blocks(layer):
    return (
        type(layer) is layers.Conv2D
        and _is_plain(layer, strides=1)
        and layer.groups == 1
        and min(layer.kernel_size) >= 3
        and len(_PHASES) * layer.filters <= VECTOR
        and times_called(layer) == 1
        and not any(size is None or size % 2 for size in layer.output.shape[1:3])
    )


def _is_plain(layer, strides):
    return (
        layer.compute_dtype == "float32"
        and layer.data_format == "channels_last"
        and tuple(layer.strides) == (strides, strides)
        and tuple(layer.dilation_rate) == (1, 1)
    )
