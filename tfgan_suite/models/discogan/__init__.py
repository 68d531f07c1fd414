"""DiscoGAN, cross-domain relations: Kim et al., 2017."""

from tfgan_suite.models.discogan.discogan import DiscoGAN

__all__ = ["DiscoGAN"]
