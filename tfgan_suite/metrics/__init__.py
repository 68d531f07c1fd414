"""How good it is: protocols that say their name."""

from tfgan_suite.metrics.mixtures import ModeCoverage, mode_coverage
from tfgan_suite.metrics.psnr import psnr

__all__ = ["ModeCoverage", "mode_coverage", "psnr"]
