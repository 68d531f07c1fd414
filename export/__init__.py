"""Programs that take a trained model out: `export.saved_model` and `export.verify`."""

from tfgan_suite.quiet import start_quietly

start_quietly()  # Before a program's own imports load TensorFlow.
