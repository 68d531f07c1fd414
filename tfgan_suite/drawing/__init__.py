"""Samples as images that a person looks at.

What a model draws is a *drawing*: an object with `render()`, which returns a `PIL.Image.Image`.
"""

from tfgan_suite.drawing.drawings import ImageGrid, Points, write_drawing
from tfgan_suite.drawing.film import write_film

__all__ = ["ImageGrid", "Points", "write_drawing", "write_film"]
