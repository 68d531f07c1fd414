"""The layers of pixel networks: each computes whole maps, and one pixel after the other.

A network is a chain of `PixelLayer`s. In training each computes its map for all pixels at once. A
sampler goes from pixel to pixel instead and asks each layer for a `Walk`, which keeps what the
pixels to come need of those before, so that a pixel costs the same wherever it stands.
"""

import keras
import tensorflow as tf

from tfgan_suite.models.pixelrnn.masked import MaskedConvolution, Taps


class PixelLayer(keras.layers.Layer):
    """A layer of a pixel network.

    Args:
        hidden_size: int, `h` of the paper. Maps between the layers have `2 h` features.
        colours: int. Groups of features, see `masked`.
        num_classes: int; 0 for none.
    """

    def __init__(self, hidden_size, colours=1, num_classes=0, **kwargs):
        super().__init__(**kwargs)
        self.hidden_size, self.colours, self.num_classes = hidden_size, colours, num_classes

    def masked(self, filters, *args, name, **kwargs):
        """Returns a masked convolution of this layer's groups and precision."""
        return MaskedConvolution(
            filters, *args, colours=self.colours, name=name, dtype=self.dtype_policy, **kwargs
        )

    def walk(self, condition) -> "Walk":
        """Returns the same computation, pixel by pixel."""
        raise NotImplementedError

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_size": self.hidden_size,
            "colours": self.colours,
            "num_classes": self.num_classes,
        }


class Walk:
    """What a layer computes, row by row and pixel by pixel, in float32.

    Every tensor has the batch `B` in front. The base class is that of a layer without memory.
    """

    #: Features that `row_begins` gives to each pixel of a row.
    row_features = 0
    #: Features of each pixel that `row_ends` wants to see again.
    kept_features = 0

    def cache(self, batch, width):
        """Returns what the layer keeps of the rows above the first one: a list of tensors."""
        del batch, width
        return []

    def row_begins(self, cache, stream):
        """Returns what earlier rows say of a row, `[B, W, row_features]`, and the stream.

        Args:
            cache: list of tensors.
            stream: `[B, W, F]`, what the layer before says of the rows above without looking at
                the row itself; None where the kind has no such stream.
        """
        del cache
        return None, stream

    def left(self, batch):
        """Returns what the layer keeps of the pixels left of the first: a list of tensors."""
        del batch
        return []

    def pixel(self, x, row, left):
        """Returns the layer's output for a pixel `[B, F]`, the new `left` and what is kept.

        Args:
            x: `[B, C]`, the output of the layer before.
            row: `[B, row_features]` of this pixel.
            left: list of tensors.
        """
        raise NotImplementedError

    def row_ends(self, cache, kept, stream):
        """Returns the cache for the next row.

        Args:
            cache: list of tensors.
            kept: `[B, W, kept_features]`.
            stream: as `row_begins` got it.
        """
        del kept, stream
        return cache


def _shifted(window, row):
    """Moves a cache of rows `[B, R, W, C]` on by a row `[B, W, C]`."""
    return tf.concat([window, row[:, None]], axis=1)[:, 1:]


@keras.saving.register_keras_serializable(package="tfgan_suite")
class FirstConvolution(PixelLayer):
    """7 x 7, mask A, `2 h` features: the one layer that sees the image.

    Call arguments:
        x: images `[B, H, W, colours]`.
        condition: see `MaskedConvolution`.
    """

    def __init__(self, hidden_size, colours=1, num_classes=0, kernel_size=7, **kwargs):
        super().__init__(hidden_size, colours, num_classes, **kwargs)
        self.kernel_size = kernel_size
        self.convolution = self.masked(
            2 * hidden_size, [kernel_size] * 2, "A", num_classes=num_classes, name="convolution"
        )

    def build(self, x_shape, condition_shape=None):
        self.convolution.build(x_shape)
        self.built = True

    def call(self, x, condition=None):
        return self.convolution(x, condition)

    def compute_output_shape(self, x_shape, condition_shape=None):
        return (*x_shape[:-1], 2 * self.hidden_size)

    def walk(self, condition):
        return _FirstWalk(self, condition)

    def get_config(self):
        return {**super().get_config(), "kernel_size": self.kernel_size}


class _FirstWalk(Walk):
    """Its `x` is a window of the image, `kept` the row of the image."""

    def __init__(self, layer, condition):
        self._taps = Taps(layer.convolution, condition)
        self.row_features = self._taps.filters
        #: Pixels to the left that `x` holds beside the pixel itself.
        self.reach = self._taps.reach

    def cache(self, batch, width):
        return [tf.zeros([batch, self._taps.rows_above, width, self._taps.inputs])]

    def row_begins(self, cache, stream):
        return self._taps.of_rows_above(cache[0]), stream

    def pixel(self, x, row, left):
        return row + self._taps.of_row(x), left, None

    def row_ends(self, cache, kept, stream):
        return [_shifted(cache[0], kept)]


@keras.saving.register_keras_serializable(package="tfgan_suite")
class ResidualBlock(PixelLayer):
    """PixelCNN's block: ReLU, 1 x 1 to h, ReLU, 3 x 3 mask B, ReLU, 1 x 1 to 2 h, + input."""

    def __init__(self, hidden_size, colours=1, num_classes=0, **kwargs):
        super().__init__(hidden_size, colours, num_classes, **kwargs)
        self.down = self.masked(hidden_size, name="down")
        self.convolution = self.masked(
            hidden_size, (3, 3), num_classes=num_classes, name="convolution"
        )
        self.up = self.masked(2 * hidden_size, name="up")

    def build(self, x_shape, condition_shape=None):
        narrow = (*x_shape[:-1], self.hidden_size)
        self.down.build(x_shape)
        self.convolution.build(narrow)
        self.up.build(narrow)
        self.built = True

    def call(self, x, condition=None):
        y = self.down(tf.nn.relu(x))
        y = self.convolution(tf.nn.relu(y), condition)
        return x + self.up(tf.nn.relu(y))

    def compute_output_shape(self, x_shape, condition_shape=None):
        return x_shape

    def walk(self, condition):
        return _ResidualWalk(self, condition)


class _ResidualWalk(Walk):
    def __init__(self, layer, condition):
        self._down, self._up = Taps(layer.down), Taps(layer.up)
        self._taps = Taps(layer.convolution, condition)
        self.row_features = self.kept_features = self._taps.filters

    def cache(self, batch, width):
        return [tf.zeros([batch, self._taps.rows_above, width, self._taps.inputs])]

    def row_begins(self, cache, stream):
        return self._taps.of_rows_above(cache[0]), stream

    def left(self, batch):
        return [tf.zeros([batch, self._taps.reach * self._taps.inputs])]

    def pixel(self, x, row, left):
        narrow = tf.nn.relu(_one_by_one(self._down, tf.nn.relu(x)))
        window = tf.concat([left[0], narrow], axis=-1)
        y = _one_by_one(self._up, tf.nn.relu(row + self._taps.of_row(window)))
        return x + y, [window[:, self._taps.inputs :]], narrow

    def row_ends(self, cache, kept, stream):
        return [_shifted(cache[0], kept)]


def _one_by_one(taps, x):
    return taps.of_row(x) + taps.of_rows_above(None)


@keras.saving.register_keras_serializable(package="tfgan_suite")
class Head(PixelLayer):
    """ReLU, 1 x 1, ReLU, 1 x 1, mask B: the logits of each colour.

    Args:
        outputs: int. Logits of a colour.

    Returns:
        float32 `[B, H, W, colours * outputs]`.
    """

    def __init__(self, hidden_size, colours=1, num_classes=0, outputs=1, **kwargs):
        super().__init__(hidden_size, colours, num_classes, **kwargs)
        self.outputs = outputs
        self.features = self.masked(2 * hidden_size, name="features")
        self.logits = self.masked(colours * outputs, name="logits")

    def build(self, x_shape, condition_shape=None):
        self.features.build(x_shape)
        self.logits.build((*x_shape[:-1], 2 * self.hidden_size))
        self.built = True

    def call(self, x, condition=None):
        return self.logits(tf.nn.relu(self.features(tf.nn.relu(x))))

    def compute_output_shape(self, x_shape, condition_shape=None):
        return (*x_shape[:-1], self.colours * self.outputs)

    def walk(self, condition):
        return _HeadWalk(self)

    def get_config(self):
        return {**super().get_config(), "outputs": self.outputs}


class _HeadWalk(Walk):
    def __init__(self, layer):
        self._features, self._logits = Taps(layer.features), Taps(layer.logits)

    def pixel(self, x, row, left):
        features = tf.nn.relu(_one_by_one(self._features, tf.nn.relu(x)))
        return _one_by_one(self._logits, features), left, None
