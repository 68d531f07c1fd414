"""How good it is: protocols that say their name."""

from tfgan_suite.metrics.mixtures import ModeCoverage, mode_coverage
from tfgan_suite.metrics.parzen import ParzenScore, parzen_log_likelihood, parzen_score
from tfgan_suite.metrics.psnr import psnr

__all__ = [
    "ModeCoverage",
    "ParzenScore",
    "mode_coverage",
    "parzen_log_likelihood",
    "parzen_score",
    "psnr",
]
