"""Drawings one after the other."""

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from tfgan_suite.errors import RunFailure
from tfgan_suite.files import write_whole


def write_film(path: str | Path, images: Sequence[Image.Image], milliseconds: int = 500) -> None:
    """Writes an endless animated GIF in one piece.

    Args:
        path: file to write.
        images: frames. Smaller ones are enlarged, by whole pixels, to the size of the largest.
        milliseconds: for which a frame is shown; the last one stays four times as long.

    Raises:
        RunFailure: the file cannot be written.
    """
    size = max(image.width for image in images), max(image.height for image in images)
    frames = [image.convert("RGB").resize(size, Image.Resampling.NEAREST) for image in images]
    durations = [milliseconds] * (len(frames) - 1) + [4 * milliseconds]
    buffer = io.BytesIO()
    first, *others = frames
    first.save(
        buffer, format="GIF", save_all=True, append_images=others, duration=durations, loop=0
    )
    try:
        write_whole(Path(path), buffer.getvalue())
    except OSError as error:
        raise RunFailure(f"{path} cannot be written: {error}") from error
