"""E-GAN: Wang et al., 2018."""

from tfgan_suite.models.egan.egan import EGAN
from tfgan_suite.models.egan.mutations import register_mutation

__all__ = ["EGAN", "register_mutation"]
