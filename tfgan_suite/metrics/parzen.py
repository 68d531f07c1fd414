"""Log-likelihood of data under a Parzen window around a generator's samples."""

from typing import NamedTuple

import numpy as np

from tfgan_suite.errors import UserInputError

SIGMAS = np.logspace(-1, 0, 10)
# Distances held at a time: 1e7 in double precision are 80 MB, a few times that while they are used.
_BLOCK = 10_000_000


class ParzenScore(NamedTuple):
    """What `parzen_score` measured.

    Args:
        mean: mean log-likelihood of a test example, in nats.
        standard_error: standard error of that mean over the test examples.
        sigma: standard deviation of the windows that was chosen.
        validation_means: mean log-likelihood of the validation examples by sigma, `[sigmas]`.
    """

    mean: float
    standard_error: float
    sigma: float
    validation_means: np.ndarray


def parzen_log_likelihood(examples, centres, sigmas) -> np.ndarray:
    """Returns log p(x) of each example under an equal mixture of Gaussians around the centres.

    log p(x) = logmeanexp_i(-|x - centre_i|^2 / (2 sigma^2)) - d log(sigma sqrt(2 pi)), in double
    precision and block by block, so that memory does not grow with the number of examples.

    Args:
        examples: `[N, ...]`, flattened to `[N, d]`.
        centres: `[M, ...]` with the same d values each.
        sigmas: float or `[S]`. Standard deviations of the Gaussians.

    Returns:
        float64 `[N, S]`, or `[N]` for a single sigma, in nats.

    Raises:
        UserInputError: examples and centres of different sizes, none of them, values that are not
            finite, or a sigma that is not positive.

    Example:

    >>> log_likelihood = parzen_log_likelihood(np.zeros((1, 2)), np.zeros((3, 2)), sigmas=1.0)
    >>> np.allclose(log_likelihood, -np.log(2 * np.pi))
    True
    """
    examples, centres = _rows(examples, "examples"), _rows(centres, "centres")
    if examples.shape[1] != centres.shape[1]:
        raise UserInputError(
            f"Examples have {examples.shape[1]} values each and centres {centres.shape[1]}: "
            "they must be of the same size."
        )
    each = np.atleast_1d(np.asarray(sigmas, np.float64))
    if not (each > 0).all():
        raise UserInputError(f"A window's sigma must be positive. Received: {sigmas}.")
    rows = max(1, _BLOCK // len(centres))
    blocks = [
        _log_mean_exp(_squared_distances(examples[i : i + rows], centres), each)
        for i in range(0, len(examples), rows)
    ]
    dimensions = centres.shape[1]
    result = np.concatenate(blocks) - dimensions * np.log(each * np.sqrt(2 * np.pi))
    return result if np.ndim(sigmas) else result[:, 0]


def parzen_score(samples, validation, test, sigmas=SIGMAS) -> ParzenScore:
    """Returns the mean log-likelihood of test examples, sigma being chosen on validation examples.

    The protocol of [Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661), which takes 10,000
    samples and images in [0, 1]. The authors themselves warn of its variance, and of how poor it
    is in high dimensions: it rates closeness in pixels, not looks.

    Args:
        samples: `[M, ...]` of the generator, the centres of the windows.
        validation: `[V, ...]` examples that were not trained on. The sigma under which they are
            likeliest is taken.
        test: `[N, ...]` other examples that were not trained on.
        sigmas: `[S]`. Standard deviations to choose from. Defaults to `logspace(-1, 0, 10)`.

    Raises:
        UserInputError: see `parzen_log_likelihood`.

    Example:

    >>> draws = np.random.default_rng(0).normal(size=(3, 1000, 2))
    >>> score = parzen_score(samples=draws[0], validation=draws[1], test=draws[2])
    >>> bool(-3.0 < score.mean < -2.7)  # the entropy says -2.84
    True
    """
    means = parzen_log_likelihood(validation, samples, np.atleast_1d(sigmas)).mean(axis=0)
    sigma = float(np.atleast_1d(sigmas)[means.argmax()])
    each = parzen_log_likelihood(test, samples, sigma)
    return ParzenScore(
        float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each))), sigma, means
    )


def _rows(values, name):
    values = np.asarray(values, np.float64)
    if values.ndim < 2 or values.size == 0:
        raise UserInputError(f"{name} must have shape [N, ...], not {list(values.shape)}.")
    if not np.isfinite(values).all():
        raise UserInputError(f"{name} hold numbers that are not finite.")
    return values.reshape(len(values), -1)


def _squared_distances(x, y):
    """|x_i - y_j|^2 as `[len(x), len(y)]`: by a matrix product, without the differences."""
    squared = -2.0 * (x @ y.T)
    squared += np.square(x).sum(axis=1)[:, None]
    squared += np.square(y).sum(axis=1)
    return np.maximum(squared, 0.0, out=squared)


def _log_mean_exp(squared, sigmas):
    """`[rows, centres]` squared distances to the log of the mean density's exponentials."""
    nearest = squared.min(axis=1, keepdims=True)
    squared -= nearest
    return np.stack(
        [
            np.log(np.exp(squared / (-2 * sigma**2)).mean(axis=1)) - nearest[:, 0] / (2 * sigma**2)
            for sigma in sigmas
        ],
        axis=1,
    )
