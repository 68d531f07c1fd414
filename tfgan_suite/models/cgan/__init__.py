"""CGAN: Mirza and Osindero, 2014; Odena et al., 2017; Miyato and Koyama, 2018."""

from tfgan_suite.models.cgan.cgan import CGAN

__all__ = ["CGAN"]
