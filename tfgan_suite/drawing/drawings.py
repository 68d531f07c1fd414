"""Drawings of samples: a grid of images, clips as strips and playing, or points in the plane."""

import dataclasses
import io
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.files import write_whole

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_SMALLEST_CELL = 64  # pixels; smaller images are enlarged by a whole factor
_PLANE = 640  # pixels


@dataclasses.dataclass(frozen=True)
class ImageGrid:
    """Images, laid out row by row.

    Args:
        images: `[N, H, W, C]` in [-1, 1] with 1, 3 or 4 channels.
        columns: Images in a row. Defaults to the side of the smallest square that holds all.

    Raises:
        UserInputError: If the shape is another.

    Example:
        >>> ImageGrid(np.zeros([4, 8, 8, 3]), columns=2).render().size
        (134, 134)
    """

    images: np.ndarray
    columns: int | None = None

    def __post_init__(self):
        shape = np.shape(self.images)
        if len(shape) != 4 or shape[3] not in _MODES or not shape[0]:
            raise UserInputError(
                f"Samples of shape {shape} cannot be drawn: expected images [N, H, W, C] with C of "
                "1, 3 or 4."
            )

    def render(self) -> Image.Image:
        return _grid(np.asarray(self.images), self.columns)


@dataclasses.dataclass(frozen=True)
class Clips:
    """Clips, each as a strip of its frames from left to right, or playing beside each other.

    Args:
        clips: `[N, T, H, W, C]` in [-1, 1] with 1, 3 or 4 channels.
        columns: Clips in a row: what belongs together, such as a clip and what was made of it.

    Raises:
        UserInputError: If the shape is another.

    Example:
        >>> clips = Clips(np.zeros([4, 3, 64, 64, 3]), columns=2)
        >>> clips.render().size, [frame.size for frame in clips.frames()]
        ((402, 134), [(134, 134), (134, 134), (134, 134)])
    """

    clips: np.ndarray
    columns: int = 1

    def __post_init__(self):
        shape = np.shape(self.clips)
        if len(shape) != 5 or shape[4] not in _MODES or not shape[0] or not shape[1]:
            raise UserInputError(
                f"Samples of shape {shape} cannot be drawn: expected clips [N, frames, H, W, C] "
                "with C of 1, 3 or 4."
            )

    def render(self) -> Image.Image:
        """Returns all frames of all clips in one image."""
        clips = np.asarray(self.clips)
        num_frames = clips.shape[1]
        images = clips.reshape(-1, *clips.shape[2:])
        return _grid(images, self.columns * num_frames, strip=num_frames)

    def frames(self) -> list[Image.Image]:
        """Returns a grid of all clips at each time, for an animation."""
        return [_grid(images, self.columns) for images in np.moveaxis(self.clips, 1, 0)]


@dataclasses.dataclass(frozen=True)
class Points:
    """Points in the plane, as a scatter plot.

    Args:
        points: `[N, 2]`.
        modes: `[M, 2]`. True centres to mark.

    Raises:
        UserInputError: If the shape is another.
    """

    points: np.ndarray
    modes: np.ndarray | None = None

    def __post_init__(self):
        shape = np.shape(self.points)
        if len(shape) != 2 or shape[1] != 2:
            raise UserInputError(
                f"Samples of shape {shape} cannot be drawn: expected points [N, 2]."
            )

    def render(self) -> Image.Image:
        return _scatter(np.asarray(self.points), self.modes)


def drawing_of(samples: np.ndarray, columns: int | None = None):
    """Returns the drawing of samples: `ImageGrid` of `[N, H, W, C]`, else `Points`."""
    return ImageGrid(samples, columns) if np.ndim(samples) == 4 else Points(samples)


def write_drawing(path: str | Path, drawing) -> None:
    """Writes a drawing to one PNG file, in one piece.

    Raises:
        RunFailure: If the file cannot be written.

    Example:
        >>> write_drawing("grid.png", ImageGrid(np.zeros([4, 8, 8, 3]), columns=2))
    """
    try:
        write_image(path, drawing.render())
    except OSError as error:
        raise RunFailure(f"{path} cannot be written: {error}") from error


def write_image(path: str | Path, image: Image.Image) -> None:
    """Writes a PNG file in one piece."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    write_whole(Path(path), buffer.getvalue())


def _grid(samples, columns, strip=None) -> Image.Image:
    """Lays images out row by row; a gap three times as wide is after every `strip` of a row."""
    number, height, width, channels = samples.shape
    columns = columns or math.ceil(math.sqrt(number))
    rows = math.ceil(number / columns)
    pixels = np.rint(np.clip((samples + 1.0) * 127.5, 0, 255)).astype(np.uint8)
    factor = max(1, _SMALLEST_CELL // max(height, width))
    pixels = pixels.repeat(factor, axis=1).repeat(factor, axis=2)
    height, width = height * factor, width * factor
    gap = 2
    lefts = [
        gap + column * (width + gap) + (column // strip * 2 * gap if strip else 0)
        for column in range(columns)
    ]
    canvas = np.full(
        [rows * (height + gap) + gap, lefts[-1] + width + gap, channels], 255, np.uint8
    )
    for index, image in enumerate(pixels):
        top, left = gap + index // columns * (height + gap), lefts[index % columns]
        canvas[top : top + height, left : left + width] = image
    return Image.fromarray(canvas[..., 0] if channels == 1 else canvas, _MODES[channels])


def _scatter(points, modes) -> Image.Image:
    scale = 2  # drawn larger and shrunk, for smooth dots
    side, margin = _PLANE * scale, 40 * scale
    finite = points[np.isfinite(points).all(axis=1)]
    reach = _reach(finite if modes is None else np.asarray(modes), finite)
    image = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(image, "RGBA")

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
    image = image.resize((_PLANE, _PLANE), Image.Resampling.LANCZOS)
    label = f"{len(points)} points, axes +-{reach:g}"
    if len(inside) < len(points):
        label += f", {len(points) - len(inside)} outside"
    ImageDraw.Draw(image).text((40, 16), label, fill=(90, 90, 90))
    return image


def _reach(framing: np.ndarray, points: np.ndarray) -> float:
    """Returns a round half-width of the plane that shows all modes, or nearly all points."""
    values = np.abs(framing)
    if framing is points and len(points):
        values = np.quantile(values, 0.99, axis=0)
    largest = max(float(np.max(values, initial=0.0)) * 1.25, 1e-3)
    unit = 10.0 ** math.floor(math.log10(largest))
    return math.ceil(largest / unit * 2) / 2 * unit
