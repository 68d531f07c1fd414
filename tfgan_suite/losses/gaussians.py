"""How far Gaussians are from the standard normal distribution."""

from keras import ops

from tfgan_suite.errors import UserInputError
from tfgan_suite.losses.per_example import as_float

REDUCTIONS = {"sum": ops.sum, "mean": ops.mean}


def standard_normal_divergence(mean, log_deviation, reduction="sum"):
    """KL(N(mean, deviation^2) || N(0, 1)) of each example, over its independent dimensions.

    A dimension has -log_deviation + (exp(2 log_deviation) + mean^2 - 1) / 2: 0 at mean 0 and
    deviation 1, 0.5 at mean 1.

    Args:
        mean: `[batch, size]`.
        log_deviation: `[batch, size]`. Natural logarithm of the standard deviation: half of that
            of the variance.
        reduction: `"sum"`, the divergence of the whole Gaussian, or `"mean"` over the dimensions,
            `size` times smaller.

    Returns:
        `[batch]`.
    """
    if reduction not in REDUCTIONS:
        raise UserInputError(f"reduction must be 'sum' or 'mean'. Received: {reduction!r}.")
    mean, log_deviation = as_float(mean), as_float(log_deviation)
    each = ops.exp(2.0 * log_deviation) + ops.square(mean) - 1.0 - 2.0 * log_deviation
    return 0.5 * REDUCTIONS[reduction](each, axis=1)
