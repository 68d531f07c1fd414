"""Figures of answers to pairs whose truth is known."""

import numpy as np

from tfgan_suite.data import shapes
from tfgan_suite.metrics import PerceptualDistance, psnr


def figures(answers, others, truth, distance) -> dict[str, np.ndarray]:
    """Returns each pair's figures, `[N]` by metric.

    Args:
        answers: images `[N, H, W, C]` in [-1, 1].
        others: answers to the same images with other seeds, or None.
        truth: the true images.
        distance: function from two batches of images to distances `[B]`.
    """

    def distances(first, second):
        parts = [distance(first[i : i + 32], second[i : i + 32]) for i in range(0, len(first), 32)]
        return np.concatenate(parts)

    found = {
        "l1": np.abs(answers - truth).mean(axis=(1, 2, 3)),
        "psnr": psnr(answers, truth),
        PerceptualDistance.name: distances(answers, truth),
    }
    if others is not None:
        found[f"diversity_{PerceptualDistance.name}"] = distances(answers, others)
    return found


def fill_colours(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Returns the mean colour of what shapes are filled with, `[N, C]`.

    Args:
        images: `[N, H, W, C]`.
        masks: parts `[N, H, W, 1]` of the source `shapes`.
    """
    body = masks == shapes.BODY
    return (images * body).sum(axis=(1, 2)) / body.sum(axis=(1, 2))


def colour_correlation(latents: np.ndarray, colours: np.ndarray) -> float:
    """Returns how well colours follow from latents by a linear function, from 0 or less to 1.

    The function is fitted to the first half; of the second it is the correlation of what it says
    with the colours, the mean over the channels.

    Args:
        latents: `[N, D]`.
        colours: `[N, C]`.
    """
    half = len(latents) // 2
    known = np.hstack([latents, np.ones((len(latents), 1))])
    weights = np.linalg.lstsq(known[:half], colours[:half], rcond=None)[0]
    said = known[half:] @ weights
    pairs = zip(said.T, colours[half:].T, strict=True)
    return float(np.mean([np.corrcoef(one, other)[0, 1] for one, other in pairs]))
