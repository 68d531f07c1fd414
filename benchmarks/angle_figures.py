"""Angles of bars, and how those of translations follow those of what was translated."""

from typing import NamedTuple

import numpy as np


class AngleRelation(NamedTuple):
    """How angles after a translation follow those before it.

    Attributes:
        correlation: Pearson's, from -1 to 1.
        rmse: root of the mean squared difference in degrees, of what is left after the best turn
            by a common angle, mirrored or not: unpaired domains do not determine these.
    """

    correlation: float
    rmse: float


def angles_shown(images: np.ndarray) -> np.ndarray:
    """Returns the angle of what is bright, by its second moments, float64 `[N]` in (-90, 90].

    Args:
        images: `[N, H, W, C]` in [-1, 1], black behind.
    """
    light = (images.astype(np.float64).max(axis=-1) + 1).clip(0)
    light /= light.sum(axis=(1, 2), keepdims=True) + 1e-9
    up = -np.arange(images.shape[1], dtype=float)[None, :, None]
    right = np.arange(images.shape[2], dtype=float)[None, None, :]

    def mean(values):
        return (light * values).sum(axis=(1, 2), keepdims=True)

    up, right = up - mean(up), right - mean(right)
    twice = np.arctan2(2 * mean(up * right), mean(right**2) - mean(up**2))
    return np.rad2deg(twice[:, 0, 0]) / 2


def angle_relation(before: np.ndarray, after: np.ndarray) -> AngleRelation:
    """Returns how angles follow each other.

    Args:
        before, after: degrees `[N]`; 180 more is the same angle.
    """
    rests = []
    for sign in (1, -1):
        # Twice the angle goes round the whole circle, so that its mean direction is defined.
        turned = np.exp(2j * np.deg2rad(after - sign * before))
        rests.append(np.rad2deg(np.angle(turned * np.conj(turned.mean()))) / 2)
    rmse = min(float(np.sqrt(np.mean(rest**2))) for rest in rests)
    spread = min(before.std(), after.std())
    correlation = float(np.corrcoef(before, after)[0, 1]) if spread > 1e-6 else 0.0
    return AngleRelation(correlation, rmse)
