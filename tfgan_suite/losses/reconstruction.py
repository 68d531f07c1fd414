"""Distances between a prediction and its target, one float32 number per example."""

from keras import ops

from tfgan_suite.losses.per_example import as_float, mean_per_example


def l1(target, prediction):
    """Mean absolute difference of each example: two `[batch, ...]` to `[batch]`."""
    return mean_per_example(ops.absolute(as_float(prediction) - as_float(target)))


def l2(target, prediction, weights=1.0):
    """Mean squared difference of each example (no 1/2): two `[batch, ...]` to `[batch]`.

    Args:
        target, prediction: `[batch, ...]`.
        weights: broadcast to these. What each difference counts: the mean is of the products.
    """
    squares = ops.square(as_float(prediction) - as_float(target))
    return mean_per_example(ops.multiply(squares, weights))


def euclidean(target, prediction):
    """Euclidean distance of each example, not squared: two `[batch, ...]` to `[batch]`.

    The root of the sum of squared differences, and of 1e-12: its gradient at 0 is 0.
    """
    squares = ops.square(as_float(prediction) - as_float(target))
    axes = tuple(range(1, len(squares.shape)))
    return ops.sqrt(ops.sum(squares, axis=axes) + 1e-12)


def gradient_difference(target, prediction, power=1):
    """How differently two batches of images or clips change from pixel to neighbouring pixel.

    The gradient difference loss of [Mathieu et al., 2016](https://arxiv.org/abs/1511.05440):
    `mean | |Y[i, j] - Y[i - 1, j]| - |P[i, j] - P[i - 1, j]| | ** power` over the rows, and the
    same over the columns. Of n rows there are n - 1 differences: none reaches over the border.

    Args:
        target, prediction: `[batch, ..., height, width, channels]`, of 2 x 2 pixels at least.
        power: number from 1: alpha.

    Returns:
        `[batch]`.
    """
    target, prediction = as_float(target), as_float(prediction)

    def along(axis):
        steps = (ops.absolute(ops.diff(x, axis=axis)) for x in (target, prediction))
        return mean_per_example(ops.power(ops.absolute(ops.subtract(*steps)), power))

    return along(-3) + along(-2)
