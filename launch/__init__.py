"""Programs, one for each task of a user: flags in, one call of the library."""

from tfgan_suite.quiet import start_quietly

start_quietly()  # Before a program's own imports load TensorFlow.
