"""Pure loss functions: per-example terms, no state, no reduction over the batch."""

from tfgan_suite.losses import adversarial, penalties, reconstruction

__all__ = ["adversarial", "penalties", "reconstruction"]
