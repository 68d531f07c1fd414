"""Figures of answers to pairs whose truth is known."""

import numpy as np

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
