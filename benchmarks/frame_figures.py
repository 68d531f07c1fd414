"""Figures of predicted frames whose truth is known, and what is predicted without a network."""

import numpy as np

from tfgan_suite.metrics import luma_ssim, psnr, sharpness, to_uint8

MOST_DB = float(10 * np.log10(255**2 / 1e-4))
"""PSNR and sharpness of a frame count at most this, as in the code of Mathieu et al., 2016."""

UNITS = {"psnr": "dB", "sharpness": "dB"}


def copy_last(history: np.ndarray, num: int) -> np.ndarray:
    """Returns the last frame again and again: `[N, T, ...]` to `[N, num, ...]`."""
    return np.repeat(history[:, -1:], num, axis=1)


def linear_extrapolation(history: np.ndarray, num: int) -> np.ndarray:
    """Returns each pixel's value if it goes on to change as it did last, within [-1, 1]."""
    last, step = history[:, -1:], history[:, -1:] - history[:, -2:-1]
    ahead = np.arange(1, num + 1).reshape(1, num, *[1] * (history.ndim - 2))
    return np.clip(last + ahead * step, -1, 1)


BASELINES = {"the last frame": copy_last, "linear extrapolation": linear_extrapolation}


def brightest(frames: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Returns the largest value of each frame `[N, H, W, C]`, black being 0 and white 1."""
    del truth
    return (frames.max(axis=(1, 2, 3)) + 1) / 2


FIGURES = {
    "psnr": lambda frames, truth: np.minimum(psnr(frames, truth), MOST_DB),
    "ssim": lambda frames, truth: luma_ssim(to_uint8(frames), to_uint8(truth), border=0),
    "sharpness": lambda frames, truth: np.minimum(sharpness(frames, truth), MOST_DB),
    "brightest": brightest,
}
"""By name: a function from frames and truth `[N, H, W, C]` to each frame's figure `[N]`."""


def figures(predicted: np.ndarray, truth: np.ndarray, names) -> dict[str, list[np.ndarray]]:
    """Returns by name the figures `[N]` of the first, the second ... frame that was predicted.

    Args:
        predicted, truth: `[N, T, H, W, C]` in [-1, 1].
        names: of `FIGURES`.
    """
    times = range(predicted.shape[1])
    return {name: [FIGURES[name](predicted[:, t], truth[:, t]) for t in times] for name in names}
