"""Convolution whose kernel is scaled by a style, for each example another one."""

import keras
from keras import ops

from tfgan_suite.layers.equalized import Equalized


@keras.saving.register_keras_serializable(package="tfgan_suite")
class ModulatedConv2D(Equalized):
    """A convolution whose kernel's input channels are scaled by a style.

    With demodulation each output channel's kernel is then divided by its norm, so that outputs
    keep the scale of the inputs whatever the style:

        w'[k, i, o] = s[i] w[k, i, o],    w''[k, i, o] = w'[k, i, o] / |w'[:, :, o]|

    It is computed as a scaling of what goes in and of what comes out, which is the same. The
    learning rate is equalised, see `EqualizedDense`. It has no bias.

    From [Karras et al., 2020](https://arxiv.org/abs/1912.04958), section 2.2.

    Args:
        filters: int. Output channels.
        kernel_size: int. Side of the kernel.
        demodulate: bool. Defaults to True.
        enlarge: bool. Whether it is the transposed convolution of stride 2 and padding "valid",
            which makes `2 H + kernel_size - 2` rows of H. Defaults to False: stride 1, "same".
        gain: float. Defaults to 1.

    Inputs: `[x, style]`, `[B, H, W, C]` and `[B, C]`. Output: `[B, H', W', filters]`.

    Example:

    >>> ModulatedConv2D(8, 3)([keras.ops.ones((2, 4, 4, 3)), keras.ops.ones((2, 3))]).shape
    TensorShape([2, 4, 4, 8])
    """

    def __init__(self, filters, kernel_size, demodulate=True, enlarge=False, gain=1.0, **kwargs):
        super().__init__(gain=gain, use_bias=False, **kwargs)
        self.filters, self.kernel_size = filters, kernel_size
        self.demodulate, self.enlarge = demodulate, enlarge

    def build(self, input_shape):
        channels = input_shape[0][-1]
        self._build_weights((self.kernel_size,) * 2 + (channels, self.filters), self.filters)

    def call(self, inputs):
        x, style = inputs
        kernel = self.kernel * self._scale
        x = x * style[:, None, None, :]
        if self.enlarge:
            transposed = ops.transpose(kernel, (0, 1, 3, 2))
            x = ops.conv_transpose(x, transposed, strides=2, padding="valid")
        else:
            x = ops.conv(x, kernel, padding="same")
        if not self.demodulate:
            return x
        squared_norms = ops.matmul(ops.square(style), ops.sum(ops.square(kernel), axis=(0, 1)))
        return x * ops.rsqrt(squared_norms + 1e-8)[:, None, None, :]

    def compute_output_shape(self, input_shape):
        batch, *sides, _ = input_shape[0]
        more = max(self.kernel_size - 2, 0)
        sides = [s and 2 * s + more if self.enlarge else s for s in sides]
        return batch, *sides, self.filters

    def get_config(self):
        config = super().get_config()
        del config["use_bias"], config["bias_initializer"]
        return {
            **config,
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "demodulate": self.demodulate,
            "enlarge": self.enlarge,
        }
