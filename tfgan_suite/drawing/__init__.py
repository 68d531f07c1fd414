"""Samples as images that a person looks at.

What a model draws is a *drawing*: an object with `render()`, which returns a `PIL.Image.Image`. One
that moves has `frames()` too, which returns a list of them; a run writes both.
"""

from tfgan_suite.drawing.drawings import Clips, ImageGrid, Points, write_drawing
from tfgan_suite.drawing.film import encode_film, write_film

__all__ = ["Clips", "ImageGrid", "Points", "encode_film", "write_drawing", "write_film"]
