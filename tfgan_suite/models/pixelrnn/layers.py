"""The layers of pixel networks: each computes whole maps, and one pixel after the other.

A network is a chain of `PixelLayer`s. In training each computes its map for all pixels at once. A
sampler goes from pixel to pixel instead and asks each layer for a `Walk`, which keeps what the
pixels to come need of those before, so that a pixel costs the same wherever it stands.
"""

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.models.pixelrnn.masked import MaskedConvolution, Taps, convolved


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

    What a pixel leaves to those after it is its `carry`: to the next one in the row, and to the
    next row. Rows are `[W, B, F]`: so the sampler takes a pixel of them without a transpose.
    """

    #: What `pixel` computes with. A sampler stacks those of layers that are alike: what a loop of
    #: TensorFlow takes from outside costs time in every iteration.
    weights: list[tf.Tensor] = []

    def cache(self, batch, width):
        """Returns what the layer keeps of the rows above the first one: a list of tensors."""
        del batch, width
        return []

    def row_begins(self, cache, stream):
        """Returns what earlier rows say of a row, `[W, B, row_features]`, and the stream.

        Args:
            cache: list of tensors.
            stream: `[W, B, F]`, what the layer before says of the rows above without looking at
                the row itself; kinds without such a stream pass it on.
        """
        raise NotImplementedError

    def carry(self, batch):
        """Returns the carry `[B, C]` of the place left of a row's first pixel."""
        raise NotImplementedError

    def pixel(self, x, row, carry, weights):
        """Returns the layer's output for a pixel, `[B, F]`, and its carry.

        Args:
            x: `[B, C]`, the output of the layer before.
            row: `[B, row_features]`, what earlier rows say.
            carry: that of the pixel to the left.
            weights: the values of `weights`.
        """
        raise NotImplementedError

    def row_ends(self, cache, carries, stream):
        """Returns the cache for the next row.

        Args:
            cache: list of tensors.
            carries: `[W, B, C]`.
            stream: as `row_begins` got it.
        """
        raise NotImplementedError


def _shifted(window, row):
    """Moves a cache of rows `[R, W, B, C]` on by a row `[W, B, C]`."""
    return tf.concat([window, row[None]], axis=0)[1:]


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
    """Its carry is the window of the image to the left, which the sampler keeps."""

    def __init__(self, layer, condition):
        self._taps = Taps(layer.convolution, condition)
        self.reach, self.weights = self._taps.reach, [_without_last_colour(self._taps)]

    def cache(self, batch, width):
        return [tf.zeros([self._taps.rows_above, width, batch, self._taps.inputs])]

    def row_begins(self, cache, stream):
        return self._taps.of_rows_above(cache[0]), stream

    def pixel(self, x, row, carry, weights):
        return row + _of_known(carry, x, *weights), carry

    def row_ends(self, cache, carries, stream):
        return [_shifted(cache[0], carries)]


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
        self._taps = Taps(layer.convolution, condition)
        self.weights = [*_dense(layer.down), self._taps.row_kernel, *_dense(layer.up)]

    def cache(self, batch, width):
        return [tf.zeros([self._taps.rows_above, width, batch, self._taps.inputs])]

    def row_begins(self, cache, stream):
        return self._taps.of_rows_above(cache[0]), stream

    def carry(self, batch):
        return tf.zeros([batch, self._taps.inputs])

    def pixel(self, x, row, carry, weights):
        down, kernel, up = weights[:2], weights[2], weights[3:]
        narrow = tf.nn.relu(_plus(tf.nn.relu(x), *down))
        seen = tf.nn.relu(row + _of_two(carry, narrow, kernel))
        return x + _plus(seen, *up), narrow

    def row_ends(self, cache, carries, stream):
        return [_shifted(cache[0], carries)]


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
        self.weights = [*_dense(layer.features), *_dense(layer.logits)]

    def pixel(self, x, row, carry, weights):
        features = tf.nn.relu(_plus(tf.nn.relu(x), *weights[:2]))
        return _plus(features, *weights[2:]), carry


@keras.saving.register_keras_serializable(package="tfgan_suite")
class RowLSTM(PixelLayer):
    """An LSTM that goes down the rows, all pixels of a row at once.

    A pixel's gates see its own row through a 1 x 3 convolution with mask B, and the states of the
    row above through one of width 3 without mask. The initial states are learned.
    """

    def __init__(self, hidden_size, colours=1, num_classes=0, **kwargs):
        super().__init__(hidden_size, colours, num_classes, **kwargs)
        self.input_to_state = self.masked(
            4 * hidden_size, (1, 3), parts=4, num_classes=num_classes, name="input_to_state"
        )
        self.up = self.masked(2 * hidden_size, name="up")

    def build(self, x_shape, condition_shape=None):
        h = self.hidden_size
        self.input_to_state.build(x_shape)
        self.up.build((*x_shape[:-1], h))
        self.state_to_state = self.add_weight(name="state_to_state", shape=(3, h, 4 * h))
        self.initial = self.add_weight(name="initial", shape=(2, h), initializer="zeros")
        self.built = True

    def call(self, x, condition=None):
        gates = tf.transpose(self.input_to_state(x, condition), [1, 0, 2, 3])
        kernel = tf.convert_to_tensor(self.state_to_state)

        def take_row(gates, hidden, cell):
            return _lstm(gates + _above(hidden, kernel), cell)

        initial = _everywhere(tf.convert_to_tensor(self.initial), gates[0])
        hidden = _scan(take_row, gates, *initial)
        return x + self.up(tf.transpose(hidden, [1, 0, 2, 3]))

    def compute_output_shape(self, x_shape, condition_shape=None):
        return x_shape

    def walk(self, condition):
        return _RowWalk(self, condition)


class _RowWalk(Walk):
    """Its carry is the input, of which gates see the pixel to the left, and both states."""

    def __init__(self, layer, condition):
        self._size = layer.hidden_size
        self._taps = Taps(layer.input_to_state, condition)
        self._kernel, self._initial = _in_float32(layer.state_to_state, layer.initial)
        self.weights = [self._taps.row_kernel, *_dense(layer.up)]

    def cache(self, batch, width):
        return _everywhere(self._initial, tf.zeros([width, batch, 1]))

    def row_begins(self, cache, stream):
        hidden, cell = cache
        gates = convolved([hidden], self._kernel[None]) + self._taps.offset
        return tf.concat([gates, cell], axis=-1), stream

    def carry(self, batch):
        return tf.zeros([batch, self._taps.inputs + 2 * self._size])

    def pixel(self, x, row, carry, weights):
        kernel, *up = weights
        gates, cell = row[:, : 4 * self._size], row[:, 4 * self._size :]
        gates = gates + _of_two(carry[:, : self._taps.inputs], x, kernel)
        hidden, cell = _lstm(gates, cell)
        return x + _plus(hidden, *up), tf.concat([x, hidden, cell], axis=-1)

    def row_ends(self, cache, carries, stream):
        return tf.split(carries[..., self._taps.inputs :], 2, axis=-1)


@keras.saving.register_keras_serializable(package="tfgan_suite")
class DiagonalBiLSTM(PixelLayer):
    """Two LSTMs, from the left and from the right, that go over the image by diagonals.

    The gates of a pixel see the pixel itself (1 x 1, mask B) and the states of the pixel above and
    of the one at the side. On the skewed map, each row shifted by one more than that above, a
    column is a diagonal, whose pixels are computed at once. The map of the LSTM from the right is
    shifted down by a row before both are added. Outside of the image states are learned.
    """

    def __init__(self, hidden_size, colours=1, num_classes=0, **kwargs):
        super().__init__(hidden_size, colours, num_classes, **kwargs)
        self.input_to_state = self.masked(
            8 * hidden_size, parts=8, num_classes=num_classes, name="input_to_state"
        )
        self.up = self.masked(2 * hidden_size, name="up")

    def build(self, x_shape, condition_shape=None):
        h = self.hidden_size
        self.input_to_state.build(x_shape)
        self.up.build((*x_shape[:-1], h))
        # Of both directions, of the pixel above and the one at the side.
        self.state_to_state = self.add_weight(name="state_to_state", shape=(2, 2 * h, 4 * h))
        self.initial = self.add_weight(name="initial", shape=(2, 2, h), initializer="zeros")
        self.built = True

    def call(self, x, condition=None):
        _, height, width, _ = x.shape
        h, table = self.hidden_size, Diagonals(height, width)
        gates = self.input_to_state(x, condition)
        gates = tf.reshape(gates, [-1, height * width, 2, 4 * h])
        gates = tf.reshape(tf.transpose(gates, [2, 1, 0, 3]), [2 * height * width, -1, 4 * h])
        hidden = self._by_diagonals(_taken(gates, table.skewed, table.source_of_skewed), table)
        hidden = tf.reshape(hidden, [table.skewed.size, -1, h])
        hidden = _taken(hidden, table.straight, table.source_of_straight)
        return x + self.up(tf.transpose(hidden[0] + hidden[1], [2, 0, 1, 3]))

    def _by_diagonals(self, gates, table):
        """Takes gates `[T, 2, H, B, 4 h]` of the diagonals and returns hidden `[T, 2, H, B, h]`."""
        h, height = self.hidden_size, gates.shape[2]
        kernel = tf.convert_to_tensor(self.state_to_state)
        first, _ = initial = [
            tf.broadcast_to(state[:, None, None], [2, height, tf.shape(gates)[3], h])
            for state in tf.unstack(tf.convert_to_tensor(self.initial), axis=1)
        ]

        def take_diagonal(inputs, hidden, cell):
            gates, has_begun = inputs
            above = tf.concat([first[:, :1], hidden[:, :-1]], axis=1)
            both = tf.reshape(tf.concat([above, hidden], axis=-1), [2, -1, 2 * h])
            new = _lstm(gates + tf.reshape(tf.matmul(both, kernel), tf.shape(gates)), cell)
            return [tf.where(has_begun, n, old) for n, old in zip(new, (hidden, cell), strict=True)]

        has_begun = tf.constant(table.has_begun[:, None, :, None, None])
        return _scan(take_diagonal, (gates, has_begun), *initial)

    def compute_output_shape(self, x_shape, condition_shape=None):
        return x_shape

    def walk(self, condition):
        return _DiagonalWalk(self, condition)


class _DiagonalWalk(Walk):
    """The LSTM from the left goes along with the pixels, that from the right when a row is whole.

    A row needs only the row above of the LSTM from the right, so each takes one step a pixel. The
    carry is hidden and cell state from the left, and what the pixel gives to the gates from the
    right.
    """

    def __init__(self, layer, condition):
        self._size = h = layer.hidden_size
        self._taps = Taps(layer.input_to_state, condition)
        kernel, self._initial = _in_float32(layer.state_to_state, layer.initial)
        (self._above_left, left), (self._above_right, self._right) = (
            (k[:h], k[h:]) for k in tf.unstack(kernel)
        )
        # The gates from the right do not see the state of the pixel to the left.
        left = tf.pad(left, [[0, 0], [0, 4 * h]])
        kernel = tf.concat([left, self._taps.row_kernel], axis=0)
        self.weights = [kernel, *_dense(layer.up)]

    def cache(self, batch, width):
        like = tf.zeros([width, batch, 1])
        from_left, from_right = (_everywhere(s[:1], like)[0] for s in tf.unstack(self._initial))
        return [from_left, from_right, tf.zeros_like(from_right)]

    def row_begins(self, cache, stream):
        from_left, _, added = cache
        offset = self._taps.offset[..., : 4 * self._size]
        gates = _product(from_left, self._above_left) + offset
        return tf.concat([gates, added], axis=-1), stream

    def carry(self, batch):
        states = _everywhere(self._initial[0], tf.zeros([batch, 1]))
        return tf.concat([*states, tf.zeros([batch, 4 * self._size])], axis=-1)

    def pixel(self, x, row, carry, weights):
        h = self._size
        kernel, *up = weights
        from_left, from_right = tf.split(_of_two(carry[:, :h], x, kernel), 2, axis=-1)
        hidden, cell = _lstm(row[:, : 4 * h] + from_left, carry[:, h : 2 * h])
        y = x + _plus(hidden + row[:, 4 * h :], *up)
        return y, tf.concat([hidden, cell, from_right], axis=-1)

    def row_ends(self, cache, carries, stream):
        h = self._size
        gates = carries[..., 2 * h :] + self._taps.offset[..., 4 * h :]
        gates = gates + _product(cache[1], self._above_right)

        def take_pixel(gates, hidden, cell):
            return _lstm(gates + tf.matmul(hidden, self._right), cell)

        gates = gates[::-1]
        hidden = _scan(take_pixel, gates, *_everywhere(self._initial[1], gates[0]))
        from_right = hidden[::-1]
        return [carries[..., :h], from_right, from_right]


@keras.saving.register_keras_serializable(package="tfgan_suite")
class GatedLayer(PixelLayer):
    """A layer of the gated PixelCNN: two stacks of `h` features, `tanh(a) * sigmoid(b)`.

    The vertical stack sees all of the rows above, the horizontal one its own row through a mask,
    and the vertical one: together all earlier pixels within reach, without a blind spot.

    Args:
        is_first: bool. Whether it sees the image: 7 x 7 with mask A and without residual, else
            3 x 3 with mask B.

    Call arguments:
        x: `[vertical, horizontal]`, of the first layer images. Returns the same pair.
        condition: see `MaskedConvolution`.
    """

    def __init__(self, hidden_size, colours=1, num_classes=0, is_first=False, **kwargs):
        super().__init__(hidden_size, colours, num_classes, **kwargs)
        self.is_first = is_first
        size, kind = (7, "A") if is_first else (3, "B")
        shared = {"parts": 2, "num_classes": num_classes}
        # The vertical map of a row says nothing of the row itself.
        self.vertical = self.masked(
            2 * hidden_size, (size, size), "above", name="vertical", **shared
        )
        self.horizontal = self.masked(2 * hidden_size, (1, size), kind, name="horizontal", **shared)
        self.link = self.masked(2 * hidden_size, (1, 1), "above", name="link")
        self.out = self.masked(hidden_size, name="out")

    def build(self, x_shape, condition_shape=None):
        of_vertical, of_horizontal = (x_shape, x_shape) if self.is_first else x_shape
        *map_shape, _ = of_vertical
        self.vertical.build(of_vertical)
        self.horizontal.build(of_horizontal)
        self.link.build((*map_shape, 2 * self.hidden_size))
        self.out.build((*map_shape, self.hidden_size))
        self.built = True

    def call(self, x, condition=None):
        above, row = (x, x) if not isinstance(x, (list, tuple)) else x
        if self.is_first:
            above = tf.pad(above[:, :-1], [[0, 0], [1, 0], [0, 0], [0, 0]])
        vertical = self.vertical(above, condition)
        y = self.out(_gate(self.horizontal(row, condition) + self.link(vertical)))
        return [_gate(vertical), y if self.is_first else row + y]

    def compute_output_shape(self, x_shape, condition_shape=None):
        map_shape = x_shape if self.is_first else x_shape[0]
        return [(*map_shape[:-1], self.hidden_size)] * 2

    def walk(self, condition):
        return _GatedWalk(self, condition)

    def get_config(self):
        return {**super().get_config(), "is_first": self.is_first}


class _GatedWalk(Walk):
    """The vertical stack of a row is computed before the row, layer after layer.

    The carry is the input of the horizontal one; of the first layer see `_FirstWalk`.
    """

    def __init__(self, layer, condition):
        self._is_first = layer.is_first
        self._vertical, self._link = Taps(layer.vertical, condition), Taps(layer.link)
        self._taps = Taps(layer.horizontal, condition)
        self.reach, kernel = self._taps.reach, self._taps.row_kernel
        if self._is_first:
            kernel = _without_last_colour(self._taps)
        self.weights = [kernel, *_dense(layer.out)]

    def cache(self, batch, width):
        return [tf.zeros([self._vertical.rows_above, width, batch, self._vertical.inputs])]

    def row_begins(self, cache, stream):
        vertical = self._vertical.of_rows(tf.concat([cache[0], stream[None]], axis=0))
        row = self._link.of_rows(vertical[None]) + self._taps.offset
        return row, _gate(vertical)

    def carry(self, batch):
        return tf.zeros([batch, self._taps.inputs])

    def pixel(self, x, row, carry, weights):
        kernel, *out = weights
        y = _plus(_gate(row + _of_known(carry, x, kernel)), *out)
        return (y, carry) if self._is_first else (x + y, x)

    def row_ends(self, cache, carries, stream):
        return [_shifted(cache[0], stream)]


def _gate(x):
    content, gate = tf.split(x, 2, axis=-1)
    return tf.tanh(content) * tf.sigmoid(gate)


def _lstm(gates, cell):
    """Returns hidden and cell state of gates `[..., 4 h]`: output, forget, input, content."""
    output, forget, new, content = tf.split(gates, 4, axis=-1)
    cell = tf.sigmoid(forget) * cell + tf.sigmoid(new) * tf.tanh(content)
    return [tf.sigmoid(output) * tf.tanh(cell), cell]


def _above(hidden, kernel):
    """Convolves the states of a row `[B, W, h]`."""
    return tf.nn.conv1d(hidden, kernel, 1, "SAME")


def _product(x, kernel):
    """Multiplies the last axis of `[W, B, h]` by a matrix."""
    return tf.tensordot(x, kernel, 1)


def _everywhere(states, like):
    """Returns each of the states `[n, h]` at all places of `like`, `[..., h]`."""
    return [tf.zeros_like(like[..., :1]) + state for state in tf.unstack(states)]


def _dense(layer):
    """Returns kernel `[C, F]` and bias `[F]` of a 1 x 1 convolution, in float32."""
    taps = Taps(layer)
    return taps.row_kernel, taps.offset


def _of_two(left, x, kernel):
    """Multiplies what is left of a pixel and the pixel itself, in one product."""
    return tf.matmul(tf.concat([left, x], axis=-1), kernel)


def _of_known(left, x, kernel):
    """The same, of a pixel of which the first channels are known, or of None no channel."""
    known = left if x is None else tf.concat([left, x], axis=-1)
    num = known.shape[-1]
    return tf.matmul(known, kernel if num == kernel.shape[0] else kernel[:num])


def _without_last_colour(taps):
    """Returns the kernel of a row for the colours that a pixel sees of itself, mask A."""
    return taps.row_kernel[:-1]


def _plus(x, kernel, bias):
    return tf.matmul(x, kernel) + bias


def _in_float32(*weights):
    return [tf.cast(tf.convert_to_tensor(weight), tf.float32) for weight in weights]


def _scan(step, inputs, hidden, cell):
    """Runs an LSTM over the first axis of its inputs.

    Args:
        step: takes a part of `inputs`, hidden and cell state, and returns new ones.
        inputs: structure of tensors `[T, ...]`, T static.
        hidden, cell: initial states.

    Returns:
        Hidden states, `[T, ...]`.
    """
    length = tf.nest.flatten(inputs)[0].shape[0]

    def array(x):
        return tf.TensorArray(x.dtype, length, element_shape=x.shape[1:]).unstack(x)

    # Not x[t]: the gradient of each slice would be as large as x.
    arrays = tf.nest.map_structure(array, inputs)
    all_hidden = tf.TensorArray(hidden.dtype, length, element_shape=hidden.shape)

    def go_on(t, *state):
        return t < length

    def take(t, hidden, cell, all_hidden):
        hidden, cell = step(tf.nest.map_structure(lambda x: x.read(t), arrays), hidden, cell)
        return t + 1, hidden, cell, all_hidden.write(t, hidden)

    *_, all_hidden = tf.while_loop(
        go_on, take, (tf.constant(0), hidden, cell, all_hidden), maximum_iterations=length
    )
    return all_hidden.stack()


class Diagonals:
    """Where the pixels of a map are on the skewed maps of both directions, and the way back.

    Row r of a skewed map is shifted by r, so its columns t, `H + W - 1` of them, are diagonals. The
    map from the right is mirrored first; on the way back it is shifted down by a row.

    Args:
        height, width: int. Of the map.

    Attributes:
        skewed: ints `[T, 2, H]`. The pixel, counted through both maps, at each place; -1: none.
        straight: ints `[2, H, W]`. The place of each pixel; -1: none, of the first row from the
            right.
        source_of_skewed, source_of_straight: the same for gradients: what took each pixel or place.
        has_begun: bools `[T, H]`. Whether a diagonal has reached a row.
    """

    def __init__(self, height, width):
        length = height + width - 1
        rows = np.arange(height)
        column = np.arange(length)[:, None] - rows  # [T, H]
        inside = (column >= 0) & (column < width)
        pixels = np.stack([rows * width + column, rows * width + width - 1 - column], axis=1)
        pixels[:, 1] += height * width
        self.skewed = np.where(inside[:, None], pixels, -1)
        self.source_of_skewed = _inverse(self.skewed, 2 * height * width)
        straight = self.source_of_skewed.reshape(2, height, width)
        nothing = np.full((1, width), -1)
        self.straight = np.stack([straight[0], np.concatenate([nothing, straight[1, :-1]])])
        self.source_of_straight = _inverse(self.straight, self.skewed.size).reshape(
            self.skewed.shape
        )
        self.has_begun = column >= 0


def _inverse(table, size):
    """Returns where in a table each number from 0 to `size - 1` stands; -1: nowhere."""
    inverse = np.full(size, -1)
    places = np.flatnonzero(table >= 0)
    inverse[table.ravel()[places]] = places
    return inverse


def _taken(x, table, inverse):
    """Returns `x[table]` along the first axis, 0 for -1, of a table without repeated numbers."""

    def take(x, table):
        x = tf.concat([x, tf.zeros_like(x[:1])], axis=0)
        return tf.gather(x, np.where(table < 0, x.shape[0] - 1, table))

    @tf.custom_gradient
    def taken(x):
        def gradient(upstream):
            # A gather too: TensorFlow would add up rows one by one.
            flat = tf.reshape(upstream, [table.size, *tf.unstack(tf.shape(x)[1:])])
            return tf.reshape(take(flat, inverse), tf.shape(x))

        return take(x, table), gradient

    return taken(x)
