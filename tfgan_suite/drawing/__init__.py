"""Samples as images that a person looks at.

What a model draws is a *drawing*: an object with `render()`, which returns a `PIL.Image.Image`.
"""

from tfgan_suite.drawing.drawings import ImageGrid, Points, write_drawing

__all__ = ["ImageGrid", "Points", "write_drawing"]
