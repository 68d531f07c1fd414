"""Drawing images pixel by pixel, each computed once.

A naive sampler runs the whole network for every pixel. Here each layer keeps what later pixels need
of earlier ones (`layers.Walk`): before a row, all that the rows above say of it is computed for the
whole row; within the row a pixel takes a few products of a matrix and a vector. The numbers are
those of the network's call, up to rounding.
"""

import tensorflow as tf

from tfgan_suite.models.pixelrnn import pixels
from tfgan_suite.models.pixelrnn.layers import PixelLayer


@tf.autograph.experimental.do_not_convert
def draw_images(network, uniform, given, given_rows: int, num_levels: int, condition=None):
    """Draws images from a pixel network, float32 under every precision.

    Args:
        network: chain of `PixelLayer`s.
        uniform: `[B, H, W, C]` in [0, 1): one number for each value that is drawn.
        given: images `[B, H, W, C]` in [-1, 1].
        given_rows: how many rows, from the top, are those of `given` instead of drawn ones.
        num_levels: int. Levels of a value.
        condition: `[B, num_classes]`, or None.

    Returns:
        Images `[B, H, W, C]` in [-1, 1], and the logits that they were drawn from,
        `[B, H, W, C * outputs]` with the network's `outputs` of a colour.
    """
    walks = [layer.walk(condition) for layer in network.layers if isinstance(layer, PixelLayer)]
    batch, (height, width, colours) = tf.shape(uniform)[0], uniform.shape[1:]
    walk = _ImageWalk(walks, batch, width, colours, num_levels)
    uniform, given = (tf.transpose(x, [1, 2, 0, 3]) for x in (uniform, given))

    def go_on(r, *state):
        return r < height

    def take_row(r, caches, above, images, logits):
        image, said, caches = walk.row(caches, above, uniform[r], given[r], r < given_rows)
        return r + 1, caches, image, images.write(r, image), logits.write(r, said)

    _, _, _, images, logits = tf.while_loop(
        go_on,
        take_row,
        (
            tf.constant(0),
            walk.caches(),
            tf.zeros([batch, width, colours]),
            tf.TensorArray(tf.float32, height, element_shape=[None, width, colours]),
            tf.TensorArray(tf.float32, height, element_shape=[None, width, walk.logits]),
        ),
        maximum_iterations=height,
    )
    return tuple(tf.transpose(x.stack(), [1, 0, 2, 3]) for x in (images, logits))


class _ImageWalk:
    """The walks of all layers, joined."""

    def __init__(self, walks, batch, width, colours, num_levels):
        self._first, self._blocks, self._head = walks[0], walks[1:-1], walks[-1]
        self._walks = walks
        self._batch, self._width, self._colours = batch, width, colours
        self._num_levels = num_levels
        self.logits = colours * (1 if num_levels == 2 else num_levels)

    def caches(self):
        return [walk.cache(self._batch, self._width) for walk in self._walks]

    def row(self, caches, above, uniform, given, is_given):
        """Draws a row.

        Args:
            caches: of each layer.
            above: `[B, W, C]`, the row above.
            uniform, given: `[W, B, C]`.
            is_given: bool scalar.

        Returns:
            The row `[B, W, C]`, its logits `[B, W, ...]`, the caches for the next row.
        """
        rows, streams, stream, begun = [], [], above, []
        for walk, cache in zip(self._walks, caches, strict=True):
            streams.append(stream)
            row, stream = walk.row_begins(cache, stream)
            begun.append(row)
        rows = tf.concat([row for row in begun if row is not None], axis=-1)
        rows = tf.transpose(rows, [1, 0, 2])
        image, logits, kept = self._pixels(rows, uniform, given, is_given)
        return image, logits, self._end_row(caches, streams, image, kept)

    def _pixels(self, rows, uniform, given, is_given):
        """Draws the pixels of a row; returns them, their logits and what the layers keep."""
        batch, width, colours = self._batch, self._width, self._colours
        num_kept = sum(walk.kept_features for walk in self._blocks)

        def array(features):
            return tf.TensorArray(tf.float32, width, element_shape=[None, features])

        def take_pixel(j, window, left, image, logits, kept):
            pixel, said, left, keep = self._pixel(
                window, rows[j], left, uniform[j], given[j], is_given
            )
            window = tf.concat([window, pixel], axis=-1)[:, colours:]
            if num_kept:
                kept = kept.write(j, keep)
            return j + 1, window, left, image.write(j, pixel), logits.write(j, said), kept

        _, _, _, image, logits, kept = tf.while_loop(
            lambda j, *state: j < width,
            take_pixel,
            (
                tf.constant(0),
                tf.zeros([batch, self._first.reach * colours]),
                [walk.left(batch) for walk in self._blocks],
                array(colours),
                array(self.logits),
                array(num_kept),
            ),
            maximum_iterations=width,
        )
        image, logits = (tf.transpose(x.stack(), [1, 0, 2]) for x in (image, logits))
        return image, logits, tf.transpose(kept.stack(), [1, 0, 2]) if num_kept else None

    def _pixel(self, window, row, left, uniform, given, is_given):
        """Draws the colours of a pixel, one after the other; each is seen by those behind it."""
        outputs = self.logits // self._colours
        values, said = [], []
        for colour in range(self._colours):
            hidden = [tf.zeros([self._batch, 1])] * (self._colours - colour)
            x = tf.concat([window, *values, *hidden], axis=-1)
            logits, new_left, kept = self._network(x, row, left)
            said.append(logits[:, colour * outputs : (colour + 1) * outputs])
            drawn = pixels.draw(said[-1], uniform[:, colour])
            value = pixels.to_images(drawn, self._num_levels)
            values.append(tf.where(is_given, given[:, colour], value)[:, None])
        # No layer has seen the last colour of this pixel: mask A.
        return tf.concat(values, axis=-1), tf.concat(said, axis=-1), new_left, kept

    def _network(self, x, row, left):
        parts = iter(_split(row, [walk.row_features for walk in self._walks]))
        x, _, _ = self._first.pixel(x, next(parts), [])
        new_left, kept = [], []
        for walk, before in zip(self._blocks, left, strict=True):
            x, after, keep = walk.pixel(x, next(parts), before)
            new_left.append(after)
            if keep is not None:
                kept.append(keep)
        logits, _, _ = self._head.pixel(x, None, [])
        return logits, new_left, tf.concat(kept, axis=-1) if kept else None

    def _end_row(self, caches, streams, image, kept):
        kept = _split(kept, [walk.kept_features for walk in self._blocks])
        kept = [image, *kept, None]
        return [
            walk.row_ends(*each)
            for walk, *each in zip(self._walks, caches, kept, streams, strict=True)
        ]


def _split(x, sizes):
    """Splits the last axis; None where a part has no features."""
    parts = iter(tf.split(x, [size for size in sizes if size], axis=-1)) if any(sizes) else None
    return [next(parts) if size else None for size in sizes]
