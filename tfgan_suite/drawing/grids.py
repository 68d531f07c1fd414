"""Samples as one PNG: a grid of pictures, or points in the plane."""

import io
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.files import write_whole

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_SMALLEST_CELL = 64  # pixels; smaller pictures are enlarged by a whole factor
_PLANE = 640  # pixels


def write_grid(
    path: str | Path,
    samples: np.ndarray,
    columns: int | None = None,
    modes: np.ndarray | None = None,
) -> None:
    """Writes samples to one PNG file, in one piece.

    Args:
        path: The file.
        samples: `[N, H, W, C]` pictures in [-1, 1] with 1, 3 or 4 channels, filled in row by row;
            or `[N, 2]` points, drawn as a scatter plot.
        columns: Pictures in a row. Defaults to the side of the smallest square that holds all.
        modes: `[M, 2]`. For points only: true centres to mark.

    Raises:
        UserInputError: If the shape is neither.
        RunFailure: If the file cannot be written.

    Example:
        >>> write_grid("grid.png", np.zeros([4, 8, 8, 3]), columns=2)
    """
    picture = draw(samples, columns, modes)
    try:
        write_picture(path, picture)
    except OSError as error:
        raise RunFailure(f"{path} cannot be written: {error}") from error


def write_picture(path: str | Path, picture: Image.Image) -> None:
    """Writes a PNG file in one piece."""
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    write_whole(Path(path), buffer.getvalue())


def draw(
    samples: np.ndarray, columns: int | None = None, modes: np.ndarray | None = None
) -> Image.Image:
    """Returns the picture that `write_grid` writes."""
    samples = np.asarray(samples)
    if samples.ndim == 2 and samples.shape[1] == 2:
        return scatter(samples, modes)
    if samples.ndim == 4 and samples.shape[3] in _MODES and len(samples):
        return grid(samples, columns)
    raise UserInputError(
        f"Samples of shape {samples.shape} cannot be drawn: expected pictures [N, H, W, C] "
        "with C of 1, 3 or 4, or points [N, 2]."
    )


def grid(samples: np.ndarray, columns: int | None = None) -> Image.Image:
    """Returns `[N, H, W, C]` pictures in [-1, 1] laid out row by row; see `write_grid`."""
    number, height, width, channels = samples.shape
    columns = columns or math.ceil(math.sqrt(number))
    rows = math.ceil(number / columns)
    pixels = np.rint(np.clip((samples + 1.0) * 127.5, 0, 255)).astype(np.uint8)
    factor = max(1, _SMALLEST_CELL // max(height, width))
    pixels = pixels.repeat(factor, axis=1).repeat(factor, axis=2)
    height, width = height * factor, width * factor
    gap = 2
    canvas = np.full(
        [rows * (height + gap) + gap, columns * (width + gap) + gap, channels], 255, np.uint8
    )
    for index, picture in enumerate(pixels):
        top = gap + index // columns * (height + gap)
        left = gap + index % columns * (width + gap)
        canvas[top : top + height, left : left + width] = picture
    return Image.fromarray(canvas[..., 0] if channels == 1 else canvas, _MODES[channels])


def scatter(points: np.ndarray, modes: np.ndarray | None = None) -> Image.Image:
    """Returns `[N, 2]` points drawn in a square plane with axes; see `write_grid`."""
    scale = 2  # drawn larger and shrunk, for smooth dots
    side, margin = _PLANE * scale, 40 * scale
    finite = points[np.isfinite(points).all(axis=1)]
    reach = _reach(finite if modes is None else np.asarray(modes), finite)
    picture = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(picture, "RGBA")

    def place(values):
        inner = side - 2 * margin
        x, y = values[:, 0], values[:, 1]
        return np.stack(
            [margin + (x / reach + 1) / 2 * inner, margin + (1 - y / reach) / 2 * inner], axis=1
        )

    draw.rectangle([margin, margin, side - margin, side - margin], outline=(190, 190, 190))
    draw.line([side / 2, margin, side / 2, side - margin], fill=(230, 230, 230), width=scale)
    draw.line([margin, side / 2, side - margin, side / 2], fill=(230, 230, 230), width=scale)
    if modes is not None:
        for x, y in place(np.asarray(modes)):
            r = 9 * scale
            draw.ellipse([x - r, y - r, x + r, y + r], outline=(214, 96, 40), width=2 * scale)
    opacity = int(np.clip(40_000 / max(len(points), 1), 40, 200))
    inside = finite[(np.abs(finite) <= reach).all(axis=1)]
    for x, y in place(inside):
        r = 2 * scale
        draw.ellipse([x - r, y - r, x + r, y + r], fill=(30, 80, 160, opacity))
    picture = picture.resize((_PLANE, _PLANE), Image.Resampling.LANCZOS)
    label = f"{len(points)} points, axes +-{reach:g}"
    if len(inside) < len(points):
        label += f", {len(points) - len(inside)} outside"
    ImageDraw.Draw(picture).text((40, 16), label, fill=(90, 90, 90))
    return picture


def _reach(framing: np.ndarray, points: np.ndarray) -> float:
    """Returns a round half-width of the plane that shows all modes, or nearly all points."""
    values = np.abs(framing)
    if framing is points and len(points):
        values = np.quantile(values, 0.99, axis=0)
    largest = max(float(np.max(values, initial=0.0)) * 1.25, 1e-3)
    unit = 10.0 ** math.floor(math.log10(largest))
    return math.ceil(largest / unit * 2) / 2 * unit
