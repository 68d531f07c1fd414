"""Adversarial and generative models for Keras 3 on TensorFlow.

The parts are imported from their packages, such as `tfgan_suite.models` or `tfgan_suite.losses`:
this module imports none of them, so that a program can use the C++ loader without TensorFlow.
"""

import os
import sys

from tfgan_suite.version import __version__

__all__ = ["__version__"]


def _check_backend():
    # Without importing Keras: that would import the other backend, or fail where there is none.
    keras = sys.modules.get("keras")
    backend = keras.config.backend() if keras else os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend not in ("", "tensorflow"):
        raise ImportError(
            f"tfgan_suite needs Keras on TensorFlow; Keras' backend is {backend!r}. Set "
            "KERAS_BACKEND=tensorflow before Keras is imported."
        )


_check_backend()
