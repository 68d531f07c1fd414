"""LAPGAN: Denton et al., 2015."""

from tfgan_suite.models.lapgan.lapgan import LAPGAN

__all__ = ["LAPGAN"]
