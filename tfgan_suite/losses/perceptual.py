"""Distances between images as a feature network sees them."""

from collections.abc import Sequence

from keras import ops

from tfgan_suite.losses.per_example import as_float, mean_per_example


def unit_feature_distance(first: Sequence, second: Sequence):
    """Sum over layers of the mean over places of squared differences of unit feature vectors.

    LPIPS' form ([Zhang et al., 2018](https://arxiv.org/abs/1801.03924), equation 1) with weight 1
    for every channel: theirs are learned from people's judgements, and LPIPS is the name of those.

    Args:
        first, second: lists of feature maps `[B, h, w, C]`, one for each layer.

    Returns:
        Tensor `[B]`, 0 for equal maps.
    """
    distance = 0.0
    for one, other in zip(first, second, strict=True):
        difference = _unit(as_float(one)) - _unit(as_float(other))
        distance += mean_per_example(ops.sum(ops.square(difference), axis=-1))
    return distance


def _unit(features):
    norm = ops.sqrt(ops.sum(ops.square(features), axis=-1, keepdims=True))
    return features / (norm + 1e-10)
