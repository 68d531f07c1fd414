"""Distances between images as a feature network sees them."""

from collections.abc import Sequence

from keras import ops

from tfgan_suite.losses.per_example import as_float, mean_per_example
from tfgan_suite.losses.reconstruction import l2

VGG_SCALE = 1 / 12.75
"""By which SRGAN multiplies VGG19's features, so that their squared distance is of the size of
pixels': [Ledig et al., 2017](https://arxiv.org/abs/1609.04802)."""


def feature_distance(first, second, scale: float = VGG_SCALE, distance=l2):
    """Distance of two images by one layer of a feature network.

    The mean over places and channels, with the default of squared differences: the content loss of
    [Ledig et al., 2017](https://arxiv.org/abs/1609.04802).

    Args:
        first, second: feature maps `[B, h, w, C]`.
        scale: float. Both are multiplied by it first.
        distance: function of two tensors `[B, ...]`, of `losses.reconstruction`.

    Returns:
        Tensor `[B]`.
    """
    return distance(scale * as_float(first), scale * as_float(second))


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
