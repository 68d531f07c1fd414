"""Convolutions that look only at pixels, and colours of a pixel, that come earlier.

Pixels come row by row, from the left; the colours of a pixel one after the other. The features of a
map are as many groups as there are colours, one behind the other (R | G | B): those of group c may
depend on the colours before c of their own pixel and, behind the first layer, on c itself.
"""

import keras
import numpy as np
import tensorflow as tf


def mask(kernel_size, inputs: int, outputs: int, kind: str, colours: int, parts: int = 1):
    """Returns what a kernel may see, `[rows, columns, inputs, outputs]` of 0 and 1.

    The last row is that of the pixel itself; there are none below it.

    Args:
        kernel_size: (height, width), odd, of the kernel with the rows below.
        inputs, outputs: channels; each in `colours` groups, as equal as their number allows.
        kind: `"A"` hides a colour from itself, `"B"` does not. `"above"` hides nothing: for maps
            that say nothing of the row that they stand in.
        colours: int.
        parts: the outputs are so many parts with `colours` groups each, such as gates.
    """
    height, width = kernel_size
    centre = width // 2
    seen = np.ones((height // 2 + 1, width, inputs, outputs), np.float32)
    if kind == "above":
        return seen
    seen[-1, centre + 1 :] = 0
    part = outputs // parts
    of_input = np.arange(inputs) * colours // inputs
    of_output = np.arange(outputs) % part * colours // part
    earlier = np.less if kind == "A" else np.less_equal
    seen[-1, centre] = earlier(of_input[:, None], of_output[None, :])
    return seen


@keras.saving.register_keras_serializable(package="tfgan_suite")
class MaskedConvolution(keras.layers.Layer):
    """A convolution through a mask, with an offset by class where there are classes.

    Args:
        filters: int.
        kernel_size: (height, width), odd. Rows below the pixel are not kept.
        mask_kind: see `mask`.
        colours, parts: see `mask`.
        num_classes: int; 0 for none.
        kernel_initializer: as of `keras.layers.Conv2D`.

    Call arguments:
        x: `[B, H, W, C]`.
        condition: `[B, num_classes]`, the classes as vectors; None without classes.
    """

    def __init__(
        self,
        filters,
        kernel_size=(1, 1),
        mask_kind="B",
        colours=1,
        parts=1,
        num_classes=0,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters, self.kernel_size = filters, tuple(kernel_size)
        self.mask_kind, self.colours, self.parts = mask_kind, colours, parts
        self.num_classes = num_classes
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, x_shape, condition_shape=None):
        self.seen = mask(
            self.kernel_size,
            x_shape[-1],
            self.filters,
            self.mask_kind,
            self.colours,
            self.parts,
        )
        self.kernel = self.add_weight(
            name="kernel", shape=self.seen.shape, initializer=self.kernel_initializer
        )
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        if self.num_classes:
            self.class_bias = self.add_weight(
                name="class_bias", shape=(self.num_classes, self.filters), initializer="zeros"
            )
        self.built = True

    def masked_kernel(self):
        """Returns the kernel, 0 where it may not look."""
        kernel = tf.convert_to_tensor(self.kernel)
        return kernel * tf.cast(self.seen, kernel.dtype)

    def offset(self, condition):
        """Returns what is added everywhere: `[F]`, or of classes `[B, F]`."""
        bias = tf.convert_to_tensor(self.bias)
        if not self.num_classes:
            return bias
        return bias + tf.matmul(
            tf.cast(condition, bias.dtype), tf.convert_to_tensor(self.class_bias)
        )

    def call(self, x, condition=None):
        height, width = self.kernel_size
        if (height, width) != (1, 1):
            x = tf.pad(x, [[0, 0], [height // 2, 0], [width // 2] * 2, [0, 0]])
        offset = self.offset(condition)
        if self.num_classes:
            offset = offset[:, None, None]
        return tf.nn.conv2d(x, self.masked_kernel(), 1, "VALID") + offset

    def compute_output_shape(self, x_shape, condition_shape=None):
        return (*x_shape[:-1], self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "mask_kind": self.mask_kind,
            "colours": self.colours,
            "parts": self.parts,
            "num_classes": self.num_classes,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


class Taps:
    """A masked convolution, one row and one pixel after the other, in float32.

    Args:
        layer: built `MaskedConvolution`.
        condition: `[B, num_classes]`, or None.
    """

    def __init__(self, layer: MaskedConvolution, condition=None):
        self._kernel = tf.cast(layer.masked_kernel(), tf.float32)
        rows, width, self.inputs, self.filters = self._kernel.shape
        self.rows_above, self.reach = rows - 1, width // 2
        #: `[(reach + 1) * C, F]`: what the pixels to the left give, and the pixel itself, the last.
        self.row_kernel = tf.reshape(self._kernel[-1, : self.reach + 1], [-1, self.filters])
        #: `[F]`, or of classes `[B, F]`.
        self.offset = tf.cast(layer.offset(condition), tf.float32)

    def of_rows_above(self, rows):
        """Returns what the rows above and the offset give to each pixel of a row.

        Args:
            rows: `[rows_above, W, B, C]`, the nearest last.

        Returns:
            `[W, B, F]`.
        """
        return convolved(tf.unstack(rows, self.rows_above), self._kernel[:-1]) + self.offset

    def of_rows(self, rows):
        """Returns the whole convolution, the offset too, of a row and those above it.

        Args:
            rows: `[rows_above + 1, W, B, C]`, the row itself last.

        Returns:
            `[W, B, F]`.
        """
        return convolved(tf.unstack(rows, self.rows_above + 1), self._kernel) + self.offset


def convolved(rows, kernel):
    """Returns a convolution of a few rows to one, zeros at both sides.

    As one product of patches and kernel: of a single row that is faster than a convolution.

    Args:
        rows: list of `[W, B, C]`.
        kernel: `[len(rows), odd width, C, F]`.

    Returns:
        `[W, B, F]`.
    """
    width, size = rows[0].shape[0], kernel.shape[1]
    padded = [tf.pad(row, [[size // 2] * 2, [0, 0], [0, 0]]) for row in rows]
    patches = [row[i : i + width] for row in padded for i in range(size)]
    return tf.tensordot(
        tf.concat(patches, axis=-1), tf.reshape(kernel, [-1, kernel.shape[-1]]), axes=1
    )
