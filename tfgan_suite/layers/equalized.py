"""Layers whose learning rate is the same for every weight, whatever their fan-in."""

import math

import keras
from keras import ops

HE_GAIN = math.sqrt(2)


class Equalized(keras.layers.Layer):
    """Base: weights of one scale, multiplied by a constant in each call.

    Args:
        gain: float. The effective weights have the standard deviation gain / sqrt(fan-in).
        learning_rate_multiplier: float. Factor by which weights and biases move slower: the stored
            weights are larger by its inverse, the constant smaller.
        use_bias: bool.
        bias_initializer: initializer of the effective bias' stored value.
    """

    def __init__(
        self,
        gain=HE_GAIN,
        learning_rate_multiplier=1.0,
        use_bias=True,
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.gain = gain
        self.learning_rate_multiplier = learning_rate_multiplier
        self.use_bias = use_bias
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def _build_weights(self, kernel_shape, outputs):
        fan_in = math.prod(kernel_shape[:-1])
        self.kernel = self.add_weight(
            name="kernel",
            shape=kernel_shape,
            initializer=keras.initializers.RandomNormal(stddev=1 / self.learning_rate_multiplier),
        )
        self._scale = self.gain / math.sqrt(fan_in) * self.learning_rate_multiplier
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(outputs,), initializer=self.bias_initializer
            )

    def _with_bias(self, x):
        return x + self.bias * self.learning_rate_multiplier if self.use_bias else x

    def get_config(self):
        return {
            **super().get_config(),
            "gain": self.gain,
            "learning_rate_multiplier": self.learning_rate_multiplier,
            "use_bias": self.use_bias,
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }


@keras.saving.register_keras_serializable(package="tfgan_suite")
class EqualizedDense(Equalized):
    """A dense layer with an equalised learning rate.

    The stored weights come from N(0, 1) and are multiplied by gain / sqrt(fan-in) in each call, so
    that an optimizer that normalises gradients, as Adam does, moves all layers at one relative
    speed.

    From [Karras et al., 2018](https://arxiv.org/abs/1710.10196), section 4.1. The paper writes a
    division by a constant; what its authors do, and this layer, is a multiplication by He's.

    Args:
        units: int. Outputs.
        gain: float. Defaults to sqrt(2), He's.
        learning_rate_multiplier: float. 0.01 in StyleGAN's mapping network. Defaults to 1.
        use_bias: bool. Defaults to True.
        bias_initializer: initializer. Defaults to zeros.

    Input: `[B, features]`. Output: `[B, units]`.

    Example:

    >>> EqualizedDense(3)(keras.ops.ones((2, 4))).shape
    TensorShape([2, 3])
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self._build_weights((input_shape[-1], self.units), self.units)

    def call(self, inputs):
        return self._with_bias(ops.matmul(inputs, self.kernel * self._scale))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="tfgan_suite")
class EqualizedConv2D(Equalized):
    """A convolution with an equalised learning rate.

    See `EqualizedDense`, of which it has the other arguments.

    Args:
        filters: int. Output channels.
        kernel_size: int. Side of the kernel.
        strides: int. Defaults to 1.
        padding: `"same"` or `"valid"`. Defaults to `"same"`.

    Input: `[B, H, W, C]`. Output: `[B, H, W, filters]`, smaller with strides or `"valid"`.

    Example:

    >>> EqualizedConv2D(8, 3)(keras.ops.ones((2, 4, 4, 3))).shape
    TensorShape([2, 4, 4, 8])
    """

    def __init__(self, filters, kernel_size, strides=1, padding="same", **kwargs):
        super().__init__(**kwargs)
        self.filters, self.kernel_size = filters, kernel_size
        self.strides, self.padding = strides, padding

    def build(self, input_shape):
        shape = (self.kernel_size, self.kernel_size, input_shape[-1], self.filters)
        self._build_weights(shape, self.filters)

    def call(self, inputs):
        kernel = self.kernel * self._scale
        return self._with_bias(ops.conv(inputs, kernel, self.strides, self.padding))

    def compute_output_shape(self, input_shape):
        batch, *sides, _ = input_shape
        lost = self.kernel_size - 1 if self.padding == "valid" else 0
        return batch, *(s and -(-(s - lost) // self.strides) for s in sides), self.filters

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
        }
