"""Two domains made of walking sprites whose parts are known, and what a translation gets right."""

from collections.abc import Mapping

import numpy as np

PALETTE = np.array(
    [
        (255, 255, 255),
        (240, 160, 100),
        (0, 0, 0),
        (120, 60, 20),
        (40, 70, 220),
        (40, 170, 60),
        (220, 30, 40),
    ],
    np.uint8,
)
"""Colours of background, body, eyes, shoes, bottomwear, topwear and hair."""

_EYES = 2
_PER_DOMAIN = 450


def domains(sprites: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns clips of characters, and of the parts of other characters in flat colours.

    Args:
        sprites: `frames` uint8 `[1000, T, H, W, 3]` and `parts`, uint8 `[1000, T, H, W]` from 0
            to 6.

    Returns:
        `a`, the first 450 characters; `b`, the parts of the next 450; `a_test` and `b_test`, the
        last 100 characters and their parts.
    """
    frames, parts = sprites["frames"], PALETTE[sprites["parts"]]
    return {
        "a": frames[:_PER_DOMAIN],
        "b": parts[_PER_DOMAIN : 2 * _PER_DOMAIN],
        "a_test": frames[2 * _PER_DOMAIN :],
        "b_test": parts[2 * _PER_DOMAIN :],
    }


def parts_of(images: np.ndarray) -> np.ndarray:
    """Returns the part whose colour is nearest, int `[N, H, W]`, of images in [-1, 1]."""
    colours = PALETTE / 127.5 - 1
    return np.linalg.norm(images[..., None, :] - colours, axis=-1).argmin(axis=-1)


def agreement(translations: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Returns how well translations to the domain of parts agree with the true parts.

    Eyes, of a few pixels, are left out of the means over parts.

    Args:
        translations, truth: images `[N, H, W, 3]` in [-1, 1].

    Returns:
        `"pixels"`: share of the pixels of characters, by the truth, whose part is right;
        `"per_part"`: the mean over the parts of a character; `"iou"`: the mean over these of
        intersection over union.
    """
    found, true = parts_of(translations), parts_of(truth)
    shown = [part for part in range(1, len(PALETTE)) if part != _EYES and (true == part).any()]
    right = [((found == part) & (true == part)).sum() for part in shown]
    inside = true != 0
    return {
        "pixels": float((found == true)[inside].mean()),
        "per_part": float(
            np.mean([n / (true == part).sum() for n, part in zip(right, shown, strict=True)])
        ),
        "iou": float(
            np.mean(
                [
                    n / ((found == part) | (true == part)).sum()
                    for n, part in zip(right, shown, strict=True)
                ]
            )
        ),
    }
