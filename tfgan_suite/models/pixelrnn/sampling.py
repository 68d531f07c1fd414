"""Drawing images pixel by pixel, each computed once.

A naive sampler runs the whole network for every pixel. Here each layer keeps what later pixels need
of earlier ones (`layers.Walk`): before a row, all that the rows above say of it is computed for the
whole row; within the row a pixel takes a few products of a matrix and a vector. The numbers are
those of the network's call, up to rounding.
"""

import tensorflow as tf

from tfgan_suite.models.pixelrnn import pixels
from tfgan_suite.models.pixelrnn.layers import PixelLayer

#: Pixels of a row that one iteration of a loop draws, if the width is a multiple; else fewer.
PIXELS_OF_AN_ITERATION = 4


@tf.autograph.experimental.do_not_convert
def draw_images(
    network, uniform, num_levels: int, condition=None, given=None, with_logits: bool = False
):
    """Draws images from a pixel network, float32 under every precision.

    Args:
        network: first layer, blocks of one shape and head, all `PixelLayer`s.
        uniform: `[B, H, W, C]` in [0, 1): one number for each value that is drawn.
        num_levels: int. Levels of a value.
        condition: `[B, num_classes]`, or None.
        given: None, or images `[B, rows, W, C]` in [-1, 1]: the uppermost rows, not drawn.
        with_logits: bool. Whether to return the logits, too.

    Returns:
        Images `[B, H, W, C]` in [-1, 1]; with logits also those that each value was drawn from,
        `[B, H, W, C, 1 or num_levels]`.
    """
    walks = [layer.walk(condition) for layer in network.layers if isinstance(layer, PixelLayer)]
    batch, (height, width, colours) = tf.shape(uniform)[0], uniform.shape[1:]
    walk = _ImageWalk(walks, batch, width, colours, num_levels, with_logits)
    given_rows = 0 if given is None else given.shape[1]
    if given_rows:
        given = tf.transpose(given, [1, 2, 0, 3])
    uniform = tf.transpose(uniform, [1, 2, 0, 3])

    def rows_of(first, last, state):
        def take_row(r, caches, above, images, logits):
            pixels_given = given[r] if last <= given_rows else None
            image, said, caches = walk.row(caches, above, uniform[r], pixels_given)
            return r + 1, caches, image, images.write(r, image), logits.write(r, said)

        return tf.while_loop(
            lambda r, *state: r < last,
            take_row,
            (tf.constant(first), *state),
            maximum_iterations=last - first,
        )[1:]

    def array(features):
        return tf.TensorArray(tf.float32, height, element_shape=[width, None, features])

    above = tf.zeros([width, batch, colours])
    state = (walk.caches(), above, array(colours), array(walk.num_logits))
    if given_rows:
        state = rows_of(0, given_rows, state)
    _, _, images, logits = rows_of(given_rows, height, state)
    images = tf.transpose(images.stack(), [2, 0, 1, 3])
    if not with_logits:
        return images
    logits = tf.transpose(logits.stack(), [2, 0, 1, 3])
    return images, tf.reshape(logits, [batch, height, width, colours, walk.outputs])


class _ImageWalk:
    """The walks of all layers, joined."""

    def __init__(self, walks, batch, width, colours, num_levels, with_logits):
        self._first, self._blocks, self._head = walks[0], walks[1:-1], walks[-1]
        self._batch, self._width, self._colours = batch, width, colours
        self._num_levels = num_levels
        self.outputs = 1 if num_levels == 2 else num_levels
        #: Of a pixel; 0 where they are not asked for.
        self.num_logits = colours * self.outputs if with_logits else 0
        # Blocks are alike.
        by_kind = zip(*(self._weights_of(walk) for walk in self._blocks), strict=True)
        self._weights = [tf.stack(alike) for alike in by_kind]

        self._first_weights = self._weights_of(self._first)
        self._head_weights = self._weights_of(self._head)

    def _weights_of(self, walk):
        """Returns its weights, offsets `[F]` as `[B, F]`.

        TensorFlow fuses a product with the sum of a vector, and oneDNN's product of the two takes
        many times as long as both apart where they are as small as a pixel's.
        """
        return [
            tf.broadcast_to(w, [self._batch, w.shape[0]]) if w.shape.rank == 1 else w
            for w in walk.weights
        ]

    def caches(self):
        return [walk.cache(self._batch, self._width) for walk in (self._first, *self._blocks)]

    def row(self, caches, above, uniform, given):
        """Draws a row.

        Args:
            caches: of each layer but the head.
            above: `[W, B, C]`, the row above.
            uniform: `[W, B, C]`.
            given: `[W, B, C]` to take instead of what is drawn, or None.

        Returns:
            The row `[W, B, C]`, its logits `[W, B, num_logits]`, the caches for the next row.
        """
        walks = (self._first, *self._blocks)
        streams, rows, stream = [], [], above
        for walk, cache in zip(walks, caches, strict=True):
            streams.append(stream)
            row, stream = walk.row_begins(cache, stream)
            rows.append(row)
        image, logits, carries = self._pixels(rows[0], tf.stack(rows[1:], axis=1), uniform, given)
        carries = [image, *tf.unstack(carries, len(self._blocks), axis=1)]
        caches = [
            walk.row_ends(*each)
            for walk, *each in zip(walks, caches, carries, streams, strict=True)
        ]
        return image, logits, caches

    def _pixels(self, first, rows, uniform, given):
        """Draws the pixels of a row.

        Args:
            first: `[W, B, F]`, what the rows above give to the first layer.
            rows: `[W, blocks, B, F]`, what they give to the blocks.
            uniform, given: see `row`.

        Returns:
            The row, its logits, and the carries of the blocks, `[W, blocks, B, C]`.
        """
        width = self._width
        # What a loop takes along costs time in each iteration, so one is of several pixels.
        step = max(n for n in range(1, PIXELS_OF_AN_ITERATION + 1) if width % n == 0)

        def parts(x):
            """Reshapes `[W, ...]` to the pixels of each iteration."""
            return tf.reshape(x, tf.concat([[width // step, step], tf.shape(x)[1:]], axis=0))

        def whole(array):
            """Returns what was written, `[W, ...]`."""
            x = array.stack()
            return tf.ensure_shape(
                tf.reshape(x, tf.concat([[width], tf.shape(x)[2:]], axis=0)), [width, *x.shape[2:]]
            )

        def array(*shape):
            return tf.TensorArray(tf.float32, width // step, element_shape=[step, *shape])

        first, rows, uniform = parts(first), parts(rows), parts(uniform)
        given = None if given is None else parts(given)
        carry = tf.stack([walk.carry(self._batch) for walk in self._blocks])

        def take_pixels(i, window, carry, image, logits, carries):
            weights = list(zip(*map(tf.unstack, self._weights), strict=True))
            carry = tf.unstack(carry)
            taken = [None] * step if given is None else tf.unstack(given[i])
            drawn, said, left_behind = [], [], []
            for each in zip(*map(tf.unstack, (first[i], rows[i], uniform[i])), taken, strict=True):
                pixel, its_logits, carry = self._pixel(window, carry, *each, weights)
                window = tf.concat([window[:, self._colours :], pixel], axis=-1)
                drawn.append(pixel)
                said.append(its_logits)
                left_behind.append(tf.stack(carry))
            if self.num_logits:
                logits = logits.write(i, tf.stack(said))
            image = image.write(i, tf.stack(drawn))
            carries = carries.write(i, tf.stack(left_behind))
            return i + 1, window, left_behind[-1], image, logits, carries

        _, _, _, image, logits, carries = tf.while_loop(
            lambda i, *state: i < width // step,
            take_pixels,
            (
                tf.constant(0),
                tf.zeros([self._batch, self._first.reach * self._colours]),
                carry,
                array(None, self._colours),
                array(None, self.num_logits),
                array(*carry.shape),
            ),
            maximum_iterations=width // step,
        )
        logits = whole(logits) if self.num_logits else tf.zeros([width, self._batch, 0])
        return whole(image), logits, whole(carries)

    def _pixel(self, window, carry, first, rows, uniform, given, weights):
        """Draws the colours of a pixel, one after the other; each is seen by those behind it."""
        blocks = list(zip(self._blocks, tf.unstack(rows), carry, weights, strict=True))
        values, said = [], []
        for colour in range(self._colours):
            seen = tf.concat(values, axis=-1) if values else None
            logits, new_carry = self._network(seen, first, window, blocks)
            said.append(logits[:, colour * self.outputs : (colour + 1) * self.outputs])
            if given is None:
                values.append(pixels.draw(said[-1], uniform[:, colour : colour + 1]))
            else:
                values.append(given[:, colour : colour + 1])
        # No layer has seen the last colour of this pixel: mask A.
        return tf.concat(values, axis=-1), tf.concat(said, axis=-1), new_carry

    def _network(self, seen, first, window, blocks):
        """Returns logits of a pixel and the new carries; `blocks` are arguments of each."""
        x, _ = self._first.pixel(seen, first, window, self._first_weights)
        new_carry = []
        for walk, *arguments in blocks:
            x, after = walk.pixel(x, *arguments)
            new_carry.append(after)
        return self._head.pixel(x, None, None, self._head_weights)[0], new_carry
