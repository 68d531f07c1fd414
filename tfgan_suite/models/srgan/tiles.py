"""Large images through a network, piece by piece, in a graph."""

from collections.abc import Callable

import tensorflow as tf

TILE = 128
"""Side of the pieces of the small image that are enlarged at a time, without their margins."""


def in_tiles(
    function: Callable[[tf.Tensor], tf.Tensor],
    image: tf.Tensor,
    scale: int,
    margin: int,
    tile: int = TILE,
    dtype: tf.DType = tf.float32,
) -> tf.Tensor:
    """Returns `function(image)`, computed for one tile with its margins after the other.

    With a margin as wide as the network's reach the result is that of the whole image. The memory
    that `function` takes is that of one tile; beside it are the image and twice its result.

    Args:
        function: from `[h, w, C]` to `[scale h, scale w, C]` of `dtype`, for any h and w.
        image: `[H, W, C]`.
        scale: int.
        margin: int. Pixels of the image around a tile that are computed with it and cut off.
        tile: int. Side of a tile.
        dtype: of the result.

    Returns:
        `[scale H, scale W, C]`.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    shape = [None, None, image.shape[-1]]

    def one_tile(top, left):
        bottom, right = tf.minimum(top + tile, height), tf.minimum(left + tile, width)
        first_row, first_column = tf.maximum(top - margin, 0), tf.maximum(left - margin, 0)
        made = function(image[first_row : bottom + margin, first_column : right + margin])
        rows = slice(scale * (top - first_row), scale * (bottom - first_row))
        columns = slice(scale * (left - first_column), scale * (right - first_column))
        return made[rows, columns]

    def strip(top):
        def column(left):
            return tf.transpose(one_tile(top, left), [1, 0, 2])

        return tf.transpose(_joined(column, width, tile, shape, dtype), [1, 0, 2])

    return _joined(strip, height, tile, shape, dtype)


def _joined(part, length, step, shape, dtype):
    """Joins `part(0)`, `part(step)`, `part(2 * step)` ... below `length` on the first axis."""
    number = -(-length // step)
    parts = tf.TensorArray(dtype, number, infer_shape=False, element_shape=shape)
    _, parts = tf.while_loop(
        lambda index, _: index < number,
        lambda index, made: (index + 1, made.write(index, part(index * step))),
        (0, parts),
        parallel_iterations=1,
    )
    return parts.concat()
