"""Programs that measure: what the figures in the docs come from."""

from tfgan_suite.quiet import start_quietly

start_quietly()  # Before a program's own imports load TensorFlow.
