"""How modes of one mixture of Gaussians are led to those of another."""

from typing import NamedTuple

import numpy as np


class Relation(NamedTuple):
    """How modes of one mixture are led to those of another.

    Attributes:
        purity: mean over the modes of A of the largest share that goes to one mode of B.
        collisions: modes of A whose largest share goes where another one's goes already.
    """

    purity: float
    collisions: int


def relation(labels: np.ndarray, translated: np.ndarray, centres: np.ndarray) -> Relation:
    """Returns how the modes of A are led to those of B.

    Args:
        labels: int `[N]`, the modes that points came from.
        translated: `[N, 2]`.
        centres: `[modes, 2]`, those of B.
    """
    nearest = np.linalg.norm(translated[:, None] - centres, axis=-1).argmin(axis=1)
    counts = np.zeros((labels.max() + 1, len(centres)))
    np.add.at(counts, (labels, nearest), 1)
    counts = counts[counts.sum(1) > 0]
    shares = counts.max(axis=1) / counts.sum(axis=1)
    chosen = counts.argmax(axis=1)
    return Relation(float(shares.mean()), len(chosen) - len(np.unique(chosen)))
