"""CAN: Elgammal et al., 2017."""

from tfgan_suite.models.can.can import CAN

__all__ = ["CAN"]
