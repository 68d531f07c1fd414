"""Padding by reflection at the border."""

import keras
import tensorflow as tf

from tfgan_suite.errors import UserInputError


@keras.saving.register_keras_serializable(package="tfgan_suite")
class ReflectionPadding2D(keras.layers.Layer):
    """Pads height and width with the mirrored image; the border pixel itself is not repeated.

    Args:
        padding: int, the same on all four sides; or `(vertical, horizontal)`; or
            `((top, bottom), (left, right))`. In pixels, each smaller than the side it pads.

    Input: `[batch, height, width, channels]`.
    Output: `[batch, height + top + bottom, width + left + right, channels]`.

    Raises:
        UserInputError: `padding` has another form, or the image is not larger than its padding.

    Example:

    >>> ReflectionPadding2D(1)(keras.ops.ones((1, 4, 4, 3))).shape
    TensorShape([1, 6, 6, 3])
    """

    def __init__(self, padding=1, **kwargs):
        super().__init__(**kwargs)
        self.padding = _as_pairs(padding)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, inputs):
        self._check_size(inputs.shape)
        return tf.pad(inputs, [[0, 0], *self.padding, [0, 0]], mode="REFLECT")

    def compute_output_shape(self, input_shape):
        self._check_size(input_shape)
        batch, *sides, channels = input_shape
        padded = [
            None if side is None else side + sum(pads)
            for side, pads in zip(sides, self.padding, strict=True)
        ]
        return (batch, *padded, channels)

    def get_config(self):
        return {**super().get_config(), "padding": self.padding}

    def _check_size(self, shape):
        for axis, name in ((1, "height"), (2, "width")):
            side, pads = shape[axis], self.padding[axis - 1]
            if side is not None and side <= max(pads):
                raise UserInputError(
                    f"Layer {self.name!r} pads the {name} by reflection with {pads} pixels, which "
                    f"needs more than {max(pads)} pixels to reflect; received {name} {side} "
                    f"(input shape {tuple(shape)}). Use larger images or fewer downsamplings."
                )


def _as_pairs(padding):
    """`((top, bottom), (left, right))` from any of the three forms that Keras users know."""
    pairs = (padding, padding) if isinstance(padding, int) else padding
    try:
        pairs = tuple((side, side) if isinstance(side, int) else tuple(side) for side in pairs)
    except TypeError:
        pairs = ()
    is_sound = len(pairs) == 2 and all(
        len(pair) == 2 and all(isinstance(pad, int) and pad >= 0 for pad in pair) for pair in pairs
    )
    if not is_sound:
        raise UserInputError(
            "`padding` must be an int, a pair (vertical, horizontal) or two pairs "
            f"((top, bottom), (left, right)) of ints >= 0; received {padding!r}."
        )
    return pairs
