"""How well a generator covers a mixture of Gaussians whose modes are known."""

from typing import NamedTuple, Protocol

import numpy as np

from tfgan_suite.errors import UserInputError


class Mixture(Protocol):
    """Round Gaussians: `centres` float `[modes, dimensions]` and their common `std`."""

    centres: np.ndarray
    std: float


class ModeCoverage(NamedTuple):
    """What samples of a generator cover.

    Args:
        modes: how many modes have at least 1 % of all samples within 3 standard deviations.
        high_quality: share of samples within 3 standard deviations of any mode. In two
            dimensions true samples reach 1 - exp(-4.5) = 0.989, not 1.
        counts: high-quality samples whose nearest mode is each one, int64 `[modes]`.
    """

    modes: int
    high_quality: float
    counts: np.ndarray


def mode_coverage(
    samples: np.ndarray, mixture: Mixture, num_std: float = 3.0, min_share: float = 0.01
) -> ModeCoverage:
    """Counts the modes that samples cover and the samples that lie on a mode.

    The rule of [Srivastava et al., 2017](https://arxiv.org/abs/1705.07761), with one change: they
    count a mode that has a single sample on it, here it takes a share of them, so that the figure
    does not grow with the number of samples drawn. `min_share=0` gives theirs.

    Args:
        samples: float `[N, dimensions]`; samples that are not finite count as off every mode.
        mixture: its `centres` and `std`, such as `tfgan_suite.data.mixture_of(data_config)`.
        num_std: how many standard deviations around its centre belong to a mode.
        min_share: share of all samples that a mode must have, and at least one.

    Returns:
        A `ModeCoverage`.

    Raises:
        UserInputError: samples of another shape.

    Example:
        >>> from tfgan_suite.data import mixture_of
        >>> ring = mixture_of({"source": "gaussians"})
        >>> mode_coverage(ring.centres, ring).modes
        8
    """
    samples = np.asarray(samples, np.float64)
    centres = np.asarray(mixture.centres, np.float64)
    if samples.ndim != 2 or len(samples) == 0 or samples.shape[1] != centres.shape[1]:
        raise UserInputError(
            f"Samples must have shape [N, {centres.shape[1]}], not {list(samples.shape)}."
        )
    distances = np.linalg.norm(samples[:, None] - centres, axis=-1)
    on_a_mode = distances.min(axis=1) <= num_std * mixture.std
    counts = np.bincount(distances.argmin(axis=1)[on_a_mode], minlength=len(centres))
    needed = max(1, min_share * len(samples))
    return ModeCoverage(int((counts >= needed).sum()), float(on_a_mode.mean()), counts)
