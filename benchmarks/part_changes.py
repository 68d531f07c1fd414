"""How much of an image changes in a part of it, and how much elsewhere."""

import numpy as np

from tfgan_suite.metrics import to_uint8


def greenness(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Returns by how many levels each image's masked pixels are greener than red and blue, `[N]`.

    That is the mean of green minus that of the other two; NaN where nothing is masked.

    Args:
        images: `[N, H, W, 3]` in [-1, 1].
        masks: bool `[N, H, W]`.
    """
    levels = to_uint8(images).astype(np.float64)
    green = levels[..., 1] - levels[..., ::2].mean(axis=-1)
    with np.errstate(invalid="ignore"):
        return (green * masks).sum(axis=(1, 2)) / masks.sum(axis=(1, 2))


def changes(
    before: np.ndarray, after: np.ndarray, parts_before: np.ndarray, parts_after: np.ndarray, part
) -> dict[str, np.ndarray]:
    """Returns what a change of a part does to each image, `[N]` by figure.

    Args:
        before, after: images `[N, H, W, 3]` in [-1, 1].
        parts_before, parts_after: int `[N, H, W]`. The part that each pixel shows.
        part: int, of both images' pixels.

    Returns:
        `"asked"`: by how many levels the part is greener; `"inside"` and `"outside"`: mean
        absolute differences in levels, of the pixels that show the part before or after, and of all
        others; `"parts_kept"`: share of these others that show the part that they showed. NaN where
        there are no such pixels.
    """
    shown = [parts == part for parts in (parts_before, parts_after)]
    inside = shown[0] | shown[1]
    levels = [to_uint8(images).astype(np.float64) for images in (before, after)]
    apart = np.abs(levels[1] - levels[0]).mean(axis=-1)

    def mean_over(values, where):
        with np.errstate(invalid="ignore"):
            return (values * where).sum(axis=(1, 2)) / where.sum(axis=(1, 2))

    return {
        "asked": greenness(after, shown[1]) - greenness(before, shown[0]),
        "inside": mean_over(apart, inside),
        "outside": mean_over(apart, ~inside),
        "parts_kept": mean_over(parts_before == parts_after, ~inside),
    }
