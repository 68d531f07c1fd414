"""What a classifier of styles says of images."""

from collections.abc import Sequence

import numpy as np

from tfgan_suite.data.shapes import LABELS
from tfgan_suite.data.textures import STYLES


def entropies(logits: np.ndarray) -> np.ndarray:
    """Returns the entropy of softmax(logits) in nats, `[N]`: 0 when sure, ln K when unsure.

    Args:
        logits: `[N, K]`.
    """
    logits = logits - logits.max(axis=1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -(np.exp(logs) * logs).sum(axis=1)


def figures(logits: np.ndarray, styles: Sequence[str]) -> dict[str, np.ndarray]:
    """Returns by name each image's entropy, and for each style whether it is the likeliest.

    Args:
        logits: `[N, K]`.
        styles: names of the K styles.
    """
    likeliest = logits.argmax(axis=1)
    shares = {f"share_{style}": likeliest == i for i, style in enumerate(styles)}
    return {"style_entropy": entropies(logits), **shares}


def style_names(data_config, num_styles: int) -> list[str]:
    """Returns what the styles of a run's data are called: `style_0`, ... where nothing says it."""
    if data_config["source"] == "shapes":
        return list(LABELS[data_config.get("label", "shape")])
    if data_config["source"] == "textures":
        return list(STYLES)
    return [f"style_{i}" for i in range(num_styles)]
