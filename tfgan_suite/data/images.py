"""How an image of any kind becomes a uint8 array of one shape.

The rules, in this order:

1. An image over Pillow's decompression bomb bound is refused; of an animation the first frame
   counts.
2. EXIF orientation is obeyed: images come out as a viewer shows them.
3. 16-bit grey is scaled to 8 bits (divided by 257 and rounded). 16-bit colour is reduced by
   Pillow, which keeps the upper byte. Other depths (32-bit integer, float) are refused.
4. Palettes are expanded; CMYK, YCbCr and the like become RGB, without colour profiles.
5. Alpha, also as a transparent palette entry or colour, is composited on `background`.
6. Grey is repeated to 3 channels; colour becomes BT.601 luma where 1 channel is asked for.
7. `fit`: `"crop"` scales the shorter side to `size` and cuts the centre out, `"pad"` scales the
   longer side and fills up with `background`, `"stretch"` changes the aspect ratio. Scaling is
   bicubic with antialiasing.
"""

import contextlib
import dataclasses
import pathlib

import numpy as np
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError

from tfgan_suite.data import options
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.files import open_regular

FITS = ("crop", "pad", "stretch")
MAX_SIZE = 16_384
# Told by the content, whatever the extension says. Pillow's other formats stay closed: it hands an
# EPS file to Ghostscript, for one.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TGA", "TIFF", "WEBP")
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")  # Pillow < 11 opens 16-bit PNG as "I"


MEND = "Repair or remove the file."
OR_SKIP = f"{MEND[:-1]}; as an option of the data, on_broken='skip' leaves such files out."
"""How to mend a file that cannot be read as an image, where such files may be skipped."""


@dataclasses.dataclass(frozen=True)
class ImageRules:
    """What images are brought to.

    Args:
        size: height and width in pixels; `None` keeps each image's own.
        channels: 1 or 3; `None` keeps grey as 1 and colour as 3.
        fit: what happens to images that are not square: `"crop"`, `"pad"` or `"stretch"`.
        background: colour behind transparent parts and around padded images: a CSS name or
            `"#rrggbb"`, or three numbers from 0 to 255.
    """

    size: int | None = None
    channels: int | None = None
    fit: str = "crop"
    background: str | tuple[int, int, int] = "white"

    def __post_init__(self):
        if self.size is not None:
            options.whole_number("size", self.size, 1, MAX_SIZE)
        options.one_of("channels", self.channels, (1, 3, None))
        options.one_of("fit", self.fit, FITS)
        _ = self.background_rgb

    @property
    def background_rgb(self) -> tuple[int, int, int]:
        if isinstance(self.background, str):
            try:
                return ImageColor.getrgb(self.background)[:3]
            except ValueError as error:
                raise UserInputError(
                    f"background={self.background!r} is no colour. Give a CSS name such as "
                    "'white', '#rrggbb', or three numbers from 0 to 255."
                ) from error
        try:
            rgb = tuple(self.background)
        except TypeError:
            rgb = ()
        if len(rgb) != 3:
            raise UserInputError(
                f"background must be a colour or three numbers, not {self.background!r}."
            )
        for value in rgb:
            options.number("background", value, 0, 255)
        return tuple(int(value) for value in rgb)


def read_image(path: pathlib.Path, rules: ImageRules, advice: str = MEND) -> np.ndarray:
    """Reads an image file, uint8 `[height, width, channels]`.

    Raises:
        RunFailure: the file is not an image, is damaged, or is too large. The message names it and
            ends with the advice where the file is not an image.
    """
    with _opened(path, advice) as image:
        image.load()
        return _apply(ImageOps.exif_transpose(image), rules)


def read_frames(path: pathlib.Path, rules: ImageRules, advice: str = MEND) -> np.ndarray:
    """Reads all frames of an animation, uint8 `[frames, height, width, channels]`.

    Raises:
        RunFailure: as `read_image`; all frames together are held against the bound.
    """
    with _opened(path, advice) as image:
        frames = getattr(image, "n_frames", 1)
        _check_size(image, frames)
        return np.stack([_apply(_frame(image, i), rules) for i in range(frames)])


def _frame(image, number):
    image.seek(number)
    return image.copy()


@contextlib.contextmanager
def _opened(path, advice):
    """A file as Pillow opens it; what goes wrong with it is a `RunFailure`."""
    try:
        with open_regular(path) as file, Image.open(file, formats=_FORMATS) as image:
            _check_size(image)
            yield image
    except Image.DecompressionBombError as error:
        raise RunFailure(
            f"{path}: the image has more than {Image.MAX_IMAGE_PIXELS:,} pixels, the bound "
            "against decompression bombs. Make it smaller, or raise PIL.Image.MAX_IMAGE_PIXELS "
            "if you trust the file."
        ) from error
    except FileNotFoundError as error:
        raise RunFailure(f"{path}: the file is gone.") from error
    except Exception as error:  # a damaged file leads Pillow's decoders to nearly any of them
        reason = str(error) or type(error).__name__
        if isinstance(error, UnidentifiedImageError):  # it names the open file
            reason = f"it is none of {', '.join(_FORMATS)}"
        raise RunFailure(f"{path}: not a readable image ({reason}). {advice}") from error


def _check_size(image, frames=1):
    bound = Image.MAX_IMAGE_PIXELS
    if bound is not None and image.width * image.height * frames > bound:
        raise Image.DecompressionBombError


def from_array(array: np.ndarray, rules: ImageRules) -> np.ndarray:
    """Brings an image that is already in memory to the rules.

    Args:
        array: uint8 `[height, width]` or `[height, width, channels]`: grey, grey and alpha, RGB
            or RGBA.
        rules: the `ImageRules`.

    Returns:
        uint8 `[height, width, channels]`.
    """
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[..., 0]
    return _apply(Image.fromarray(array), rules)


def from_arrays(array: np.ndarray, rules: ImageRules, name: str) -> np.ndarray:
    """Brings a stack of images to the rules.

    Args:
        array: `[N, height, width]` or `[N, height, width, 1 to 4]`, see `to_uint8` for values.
        rules: the `ImageRules`.
        name: how error messages call the array.

    Returns:
        uint8 `[N, height, width, channels]`.
    """
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or array.shape[-1] not in (1, 2, 3, 4):
        raise UserInputError(
            f"{name} has shape {list(array.shape)}; images are [N, height, width] or "
            "[N, height, width, 1 to 4 channels]."
        )
    if array.size == 0:
        raise UserInputError(f"{name} has shape {list(array.shape)}: there is no pixel in it.")
    array = to_uint8(array, name)
    height, width, channels = array.shape[1:]
    if rules.size in (None, height) and rules.size in (None, width):
        if channels in (1, 3) and rules.channels in (None, channels):
            return array  # already as the rules want it
    return np.stack([from_array(image, rules) for image in array])


def to_uint8(array: np.ndarray, name: str) -> np.ndarray:
    """Scales the images of an array to 8 bits.

    Args:
        array: uint8; uint16 (divided by 257); bool; or float in [0, 1] or, if any value is
            negative, in [-1, 1].
        name: how error messages call the array.

    Raises:
        UserInputError: another dtype, or float values out of range.
    """
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        return np.round(array / np.float32(257)).astype(np.uint8)
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if not np.issubdtype(array.dtype, np.floating):
        raise UserInputError(f"{name} has dtype {array.dtype}; images are uint8 or float.")
    low, high = array.min(), array.max()
    if not (low >= -1 and high <= 1):
        raise UserInputError(
            f"{name} has values from {low:g} to {high:g}. Float images lie in [0, 1] or "
            "[-1, 1]; store values up to 255 as uint8."
        )
    unit = (array + 1) / 2 if low < 0 else array
    return np.round(unit * 255).astype(np.uint8)


def _apply(image: Image.Image, rules: ImageRules) -> np.ndarray:
    image = _without_alpha(_eight_bit(image), rules.background_rgb)
    channels = rules.channels or (1 if image.mode == "L" else 3)
    image = image.convert("L" if channels == 1 else "RGB")
    if rules.size is not None:
        image = _resize(image, rules)
    array = np.array(image)
    return array[..., None] if channels == 1 else array


def _eight_bit(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("float pixels have no stated range")
    if image.mode not in _SIXTEEN_BIT:
        return image
    array = np.asarray(image)
    if array.min() < 0 or array.max() > 65535:
        raise ValueError("32-bit pixels have no stated range")
    return Image.fromarray(np.round(array / 257).astype(np.uint8))


def _without_alpha(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    """Returns the image as `L` or `RGB`."""
    if image.has_transparency_data:
        grey = image.mode in ("1", "L", "LA", "La") and len(set(background)) == 1
        image = image.convert("RGBA")
        behind = Image.new("RGBA", image.size, background)
        image = Image.alpha_composite(behind, image).convert("RGB")
        return image.getchannel(0) if grey else image
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _resize(image: Image.Image, rules: ImageRules) -> Image.Image:
    box = (rules.size, rules.size)
    method = Image.Resampling.BICUBIC
    if rules.fit == "crop":
        return ImageOps.fit(image, box, method)
    if rules.fit == "pad":
        scale = rules.size / max(image.size)
        inner = [max(1, round(side * scale)) for side in image.size]
        behind = Image.new("RGB", box, rules.background_rgb).convert(image.mode)
        behind.paste(image.resize(inner, method), [round((rules.size - n) / 2) for n in inner])
        return behind
    return image.resize(box, method)
