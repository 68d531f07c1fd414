"""Drawings one after the other."""

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from tfgan_suite.errors import RunFailure
from tfgan_suite.files import write_whole

CLIP_MILLISECONDS = 150
"""For which a frame of a clip is shown."""


def encode_film(images: Sequence[Image.Image], milliseconds: int = 500, last: int = 4) -> bytes:
    """Returns an endless animated GIF.

    Args:
        images: frames. Smaller ones are enlarged, by whole pixels, to the size of the largest.
        milliseconds: for which a frame is shown.
        last: times as long the last one stays.
    """
    size = max(image.width for image in images), max(image.height for image in images)
    frames = [image.convert("RGB").resize(size, Image.Resampling.NEAREST) for image in images]
    durations = [milliseconds] * (len(frames) - 1) + [last * milliseconds]
    buffer = io.BytesIO()
    first, *others = frames
    first.save(
        buffer, format="GIF", save_all=True, append_images=others, duration=durations, loop=0
    )
    return buffer.getvalue()


def write_film(path: str | Path, images: Sequence[Image.Image], milliseconds: int = 500) -> None:
    """Writes what `encode_film` returns to one file, in one piece.

    Raises:
        RunFailure: the file cannot be written.
    """
    film = encode_film(images, milliseconds)
    try:
        write_whole(Path(path), film)
    except OSError as error:
        raise RunFailure(f"{path} cannot be written: {error}") from error
