"""Figures of motion that was carried over from a red dot to a blue square."""

import numpy as np

from tfgan_suite.data import dots

_FOREGROUND = 0.5  # of a channel's range of 2: what differs more from the background
_FEWEST_PIXELS = 8


def centroids(images: np.ndarray) -> np.ndarray:
    """Returns where images show something, float `[N, 2]`, row and column in pixels.

    The mean place of the pixels, weighted by how much they differ from the background; NaN where
    fewer than 8 pixels do so by more than a quarter of the range.

    Args:
        images: `[N, H, W, 3]` in [-1, 1] on the background of the source `dots`.
    """
    weights = _difference(images)
    weights = np.where(weights > _FOREGROUND, weights, 0.0)
    total = weights.sum(axis=(1, 2))
    rows = (weights * np.arange(images.shape[1])[:, None]).sum(axis=(1, 2))
    columns = (weights * np.arange(images.shape[2])).sum(axis=(1, 2))
    shown = (weights > 0).sum(axis=(1, 2)) >= _FEWEST_PIXELS
    with np.errstate(invalid="ignore", divide="ignore"):
        places = np.stack([rows, columns], axis=1) / total[:, None]
    return np.where(shown[:, None], places, np.nan)


def share_of_colour(images: np.ndarray, style: str) -> float:
    """Returns the share of images whose foreground is nearer to the colour of one style.

    Images without a foreground are not.

    Args:
        images: `[N, H, W, 3]` in [-1, 1].
        style: `"dot"` or `"square"`.
    """
    shown = _difference(images) > _FOREGROUND
    num = shown.sum(axis=(1, 2))
    mean = (images * shown[..., None]).sum(axis=(1, 2)) / np.maximum(num, 1)[:, None]
    distances = {
        name: np.linalg.norm(mean - _as_float(colour), axis=1)
        for name, colour in dots.COLOURS.items()
    }
    (other,) = set(dots.STYLES) - {style}
    is_style = (distances[style] < distances[other]) & (num >= _FEWEST_PIXELS)
    return float(is_style.mean())


def following(images: np.ndarray, translations: np.ndarray) -> dict[str, float]:
    """Returns how translations follow the motion of what they are made of.

    Returns:
        `"rmse_px"`: root of the mean squared distance of the two centroids, of the translations
        that show something; `"found"`: the share of those.
    """
    squares = ((centroids(translations) - centroids(images)) ** 2).sum(axis=1)
    found = np.isfinite(squares)
    rmse = float(np.sqrt(squares[found].mean())) if found.any() else float("nan")
    return {"rmse_px": rmse, "found": float(found.mean())}


def prediction_errors(model, clips: dict[str, np.ndarray]) -> dict[str, float]:
    """Returns mean absolute and squared errors of a `RecycleGAN`'s predictors and of copying.

    Args:
        model: the model.
        clips: `"a"` and `"b"`, `[N, 3, H, W, C]` in [-1, 1].
    """
    errors = {}
    for domain, real in clips.items():
        answers = {
            "predictor": model.predict_next(real[:, :2], domain),
            "copy_last": real[:, 1],
        }
        for name, frames in answers.items():
            difference = frames - real[:, 2]
            errors[f"mse_{name}_{domain}_{len(real)}"] = float((difference**2).mean())
            errors[f"l1_{name}_{domain}_{len(real)}"] = float(np.abs(difference).mean())
    return errors


def _difference(images):
    return np.abs(images - _as_float(dots.BACKGROUND)).max(axis=-1)


def _as_float(colour):
    return np.array(colour) / 127.5 - 1
