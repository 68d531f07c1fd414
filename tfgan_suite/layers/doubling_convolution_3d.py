"""A transposed convolution in three dimensions, in inference made of an ordinary one."""

import itertools

import keras
import tensorflow as tf

#: Whether a place of the output is odd along depth, height and width.
_KINDS = tuple(itertools.product((0, 1), repeat=3))


@keras.saving.register_keras_serializable(package="tfgan_suite")
class DoublingConvolution3D(keras.layers.Conv3DTranspose):
    """`keras.layers.Conv3DTranspose(filters, 4, strides=2, padding="same")` of two forms.

    In training it is Keras' layer. In inference it is made of operations that other runtimes have,
    too: along each axis an even place of the output sees the input at two places with taps 3 and 1
    of the kernel, an odd place with taps 2 and 0. So one convolution of 2 x 2 x 2 gives all eight
    kinds of place as channels, which are then laid out in space. Results are the same, up to
    rounding.

    Args:
        filters: int. Channels of the output.
        **kwargs: of `keras.layers.Conv3DTranspose`, but for kernel size, strides and padding.

    Input: `[B, D, H, W, C]`. Output: `[B, 2 D, 2 H, 2 W, filters]`.

    Example:

    >>> DoublingConvolution3D(5)(keras.ops.ones((2, 2, 4, 4, 3))).shape
    TensorShape([2, 4, 8, 8, 5])
    """

    def __init__(self, filters, **kwargs):
        fixed = {"kernel_size": 4, "strides": 2, "padding": "same"}
        super().__init__(filters, **{**kwargs, **fixed})

    def call(self, inputs, training=False):
        if training:
            return super().call(inputs)
        kernel = tf.convert_to_tensor(self.kernel)  # [4, 4, 4, filters, C]
        kernel = tf.transpose(kernel, [0, 1, 2, 4, 3])
        taps = [kernel[3 - d :: -2, 3 - h :: -2, 3 - w :: -2] for d, h, w in _KINDS]
        padded = tf.pad(inputs, [[0, 0], [1, 1], [1, 1], [1, 1], [0, 0]])
        kinds = tf.nn.conv3d(padded, tf.concat(taps, axis=4), [1] * 5, "VALID")
        depth, height, width = (inputs.shape[i] or tf.shape(inputs)[i] for i in (1, 2, 3))
        # The odd places of an axis come from one place further on than the even ones.
        kinds = [
            kind[:, d : d + depth, h : h + height, w : w + width]
            for kind, (d, h, w) in zip(tf.split(kinds, 8, axis=4), _KINDS, strict=True)
        ]
        shape = [-1, depth, height, width, self.filters]
        for axis in (3, 2, 1):
            shape[axis] = 2 * shape[axis]
            # Even places, then odd ones: of the last axis first.
            pairs = zip(kinds[0::2], kinds[1::2], strict=True)
            kinds = [tf.reshape(tf.stack(pair, axis=axis + 1), shape) for pair in pairs]
        (outputs,) = kinds
        if self.use_bias:
            outputs = outputs + tf.convert_to_tensor(self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def get_config(self):
        config = super().get_config()
        for fixed in ("kernel_size", "strides", "padding"):
            del config[fixed]
        return config
