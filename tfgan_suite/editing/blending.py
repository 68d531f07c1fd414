"""Poisson blending: a hole filled by another image, without a seam."""

import tensorflow as tf


def poisson_blend(images: tf.Tensor, fills: tf.Tensor, holes: tf.Tensor) -> tf.Tensor:
    """Returns images whose holes have the differences between pixels that `fills` has there.

    Of all that agrees with the image around the hole it is the nearest, by least squares, to the
    differences of neighbouring pixels. So `fills` plus the harmonic function whose values around
    the hole are those of `images - fills`. Conjugate gradients in float64 find it.

    Source: [Perez et al., 2003](https://doi.org/10.1145/882262.882269).

    Args:
        images: float32 `[B, H, W, C]`.
        fills: float32 `[B, H, W, C]`.
        holes: bool `[B, H, W]`. True where `fills` is taken. A hole that is the whole image is
            filled with `fills` as it is.

    Returns:
        float32 `[B, H, W, C]`, outside of the holes `images`. It is not clipped.

    Example:

    >>> hole = np.zeros((1, 8, 8), bool)
    >>> hole[:, 2:6, 2:6] = True
    >>> blended = poisson_blend(np.ones((1, 8, 8, 1), "f"), np.zeros((1, 8, 8, 1), "f"), hole)
    >>> bool(abs(blended - 1).numpy().max() < 1e-6)
    True
    """
    images, fills = (tf.cast(x, tf.float64) for x in (images, fills))
    inside = tf.cast(holes, tf.float64)[..., None]
    difference = images - fills
    degree = _sum_of_neighbours(tf.ones_like(inside))

    def laplacian(x):
        return inside * (degree * x - _sum_of_neighbours(x))

    around = inside * _sum_of_neighbours((1 - inside) * difference)
    harmonic = _conjugate_gradients(laplacian, around)
    blended = tf.where(inside > 0, fills + harmonic, images)
    return tf.cast(blended, tf.float32)


def _sum_of_neighbours(x):
    """Sums the pixels above, below, left and right, as far as the image reaches."""
    padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    rows, columns = padded[:, :, 1:-1], padded[:, 1:-1]
    return rows[:, 2:] + rows[:, :-2] + columns[:, :, 2:] + columns[:, :, :-2]


def _conjugate_gradients(operator, target):
    """Solves operator(x) = target, for each row and channel on its own."""
    axes = [1, 2]

    def product(a, b):
        return tf.reduce_sum(a * b, axis=axes, keepdims=True)

    first = product(target, target)
    # Exact arithmetic ends after as many steps as there are pixels, and rounding near a tenth.
    most = tf.reduce_prod(tf.shape(target)[1:3])

    def goes_on(number, x, residual, direction, square):
        return (number < most) & tf.reduce_any(square > 1e-20 * first)

    def step(number, x, residual, direction, square):
        moved = operator(direction)
        rate = tf.math.divide_no_nan(square, product(direction, moved))
        residual = residual - rate * moved
        after = product(residual, residual)
        ratio = tf.math.divide_no_nan(after, square)
        return number + 1, x + rate * direction, residual, residual + ratio * direction, after

    start = (tf.constant(0), tf.zeros_like(target), target, target, first)
    return tf.while_loop(goes_on, step, start)[1]
