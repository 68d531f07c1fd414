"""Fréchet distance between Gaussians that were fitted to features."""

from typing import NamedTuple

import numpy as np

from tfgan_suite.errors import UserInputError


class Gaussian(NamedTuple):
    """Mean and covariance of features, and from how many they were estimated.

    Args:
        mean: float64 `[d]`.
        covariance: float64 `[d, d]`, with the divisor N - 1.
        count: N.
    """

    mean: np.ndarray
    covariance: np.ndarray
    count: int


class GaussianFit:
    """Mean and covariance of features that come batch by batch, in double precision.

    Memory does not grow with the number of features. Batches are merged by the pairwise formula of
    Chan, Golub and LeVeque (1983), which loses no accuracy to a mean that is far from zero.

    Example:

    >>> fit = GaussianFit()
    >>> fit.add([[0.0, 0.0], [2.0, 0.0]])
    >>> fit.add([[4.0, 6.0]])
    >>> fit.result().mean
    array([2., 2.])
    """

    def __init__(self):
        self._count, self._mean, self._scatter = 0, 0.0, 0.0

    def add(self, features) -> None:
        """Takes a batch of features `[B, d]`.

        Raises:
            UserInputError: features of another rank or length, or non-finite ones.
        """
        features = np.asarray(features, np.float64)
        if features.ndim != 2 or not len(features):
            raise UserInputError(f"Features have shape [N, d]. Received: {list(features.shape)}.")
        if self._count and features.shape[1] != len(self._mean):
            raise UserInputError(
                f"Features of {features.shape[1]} values came after features of "
                f"{len(self._mean)}. Measure both with the same feature network."
            )
        if not np.isfinite(features).all():
            raise UserInputError("Features hold non-finite values (NaN or infinity).")
        mean = features.mean(axis=0)
        centred = features - mean
        total = self._count + len(features)
        apart = mean - self._mean
        self._scatter = (
            self._scatter
            + centred.T @ centred
            + np.outer(apart, apart) * (self._count * len(features) / total)
        )
        self._mean = self._mean + apart * (len(features) / total)
        self._count = total

    def result(self) -> Gaussian:
        """Returns the `Gaussian` of all features so far.

        Raises:
            UserInputError: fewer than two were given.
        """
        if self._count < 2:
            raise UserInputError(f"A covariance needs two features or more, not {self._count}.")
        return Gaussian(self._mean, self._scatter / (self._count - 1), self._count)


def fit_gaussian(features) -> Gaussian:
    """Returns the `Gaussian` of features `[N, d]`."""
    fit = GaussianFit()
    fit.add(features)
    return fit.result()


def frechet_distance(one: Gaussian, other: Gaussian) -> float:
    """Returns the squared Fréchet (2-Wasserstein) distance of two Gaussians.

    |m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)), the form of
    [Heusel et al., 2017](https://arxiv.org/abs/1706.08500). With features of their Inception
    network it is the FID; with any others it is another quantity and has to be named after them.
    It is biased upward, about as 1 / N: compare only values of equal counts.

    The trace of the root is the sum of the singular values of S1^(1/2) S2^(1/2), which needs no
    root of a product that is not symmetric, so singular covariances (fewer examples than features)
    are exact too.

    Args:
        one, other: as `fit_gaussian` or `GaussianFit.result` return them.

    Returns:
        A float, not negative; in the squared unit of the features.

    Raises:
        UserInputError: Gaussians of different dimensions.

    Example:

    >>> near, far = (Gaussian(np.zeros(8), scale * np.eye(8), 100) for scale in (1.0, 4.0))
    >>> round(frechet_distance(near, far), 6)  # 8 (2 - 1)^2
    8.0
    """
    if one.mean.shape != other.mean.shape:
        raise UserInputError(
            f"The Gaussians have {one.mean.size} and {other.mean.size} dimensions. Measure both "
            "with the same feature network."
        )
    root = np.linalg.svd(_root(one.covariance) @ _root(other.covariance), compute_uv=False).sum()
    apart = np.square(one.mean - other.mean).sum()
    distance = apart + np.trace(one.covariance) + np.trace(other.covariance) - 2 * root
    return float(max(distance, 0.0))  # of equal Gaussians rounding may leave -1e-12


def _root(covariance):
    """Square root of a symmetric positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
