"""Adversarial and generative models for Keras 3 on TensorFlow.

The parts are imported from their packages, such as `tfgan_suite.models` or `tfgan_suite.losses`:
this module imports none of them, so that a program can use the C++ loader without TensorFlow.
"""

from tfgan_suite.version import __version__

__all__ = ["__version__"]
