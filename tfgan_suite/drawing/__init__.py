"""Samples as images that a person looks at."""

from tfgan_suite.drawing.grids import draw, write_grid, write_picture

__all__ = ["draw", "write_grid", "write_picture"]
