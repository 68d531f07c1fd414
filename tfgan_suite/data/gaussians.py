"""Two-dimensional mixtures of Gaussians, the field's smallest test of mode coverage."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfgan_suite import hashing
from tfgan_suite.data import options
from tfgan_suite.data.source import Source
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Field

_DEFAULT_STD = {"ring": 0.01, "grid": 0.05}
_SPLITS = {"train": 0, "test": 1}
_MODE, _OFFSET = 0, 1
_SECOND = 1  # domain
_SHIFT = 5.0


@dataclasses.dataclass(frozen=True)
class Mixture:
    """Equally likely round Gaussians.

    Args:
        centres: float32 `[modes, 2]`.
        std: standard deviation of each along each axis (not the variance).
    """

    centres: np.ndarray
    std: float


def ring(modes: int = 8, radius: float = 1.0, std: float = 0.01) -> Mixture:
    """Gaussians on a circle, evenly spaced from angle 0, the full turn excluded.

    The defaults are those of the LSGAN authors' experiment (Mao et al., 2017), without its
    doubled first mode.
    """
    angles = 2 * np.pi * np.arange(modes) / modes
    centres = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Mixture(centres.astype(np.float32), std)


def grid(side: int = 5, spacing: float = 2.0, std: float = 0.05) -> Mixture:
    """`side` x `side` Gaussians around the origin; by default 25 from -4 to 4 (VEEGAN, 2017)."""
    axis = spacing * (np.arange(side) - (side - 1) / 2)
    centres = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    return Mixture(centres.astype(np.float32), std)


def shifted(mixture: Mixture, shift: float) -> Mixture:
    """A mixture moved along the first axis."""
    centres = mixture.centres + np.array([shift, 0.0], np.float32)
    return dataclasses.replace(mixture, centres=centres)


def mixture_of(data_config: Mapping, second: bool = False) -> Mixture:
    """Returns the mixture that a data config with source `gaussians` draws from.

    Args:
        data_config: `{"source": "gaussians", ...}`.
        second: bool. That of the second domain, for models of two.

    Example:
        >>> mixture_of({"source": "gaussians", "mixture": "grid"}).centres.shape
        (25, 2)
    """
    config = options.as_dict(data_config)
    if config.pop("source", None) != "gaussians":
        raise UserInputError("mixture_of() wants a data config with source='gaussians'.")
    options.check_known(config, options.keyword_names(open_gaussians), "source 'gaussians'")
    config.pop("seed", None)
    shift = options.number("shift", config.pop("shift", _SHIFT), -1e6, 1e6)
    mixture = _mixture(**config)
    return shifted(mixture, shift) if second else mixture


class GaussianSource(Source):
    """Endless draws from a mixture: `"point"` float32 [2] and `"label"`, the mode it came from.

    Args:
        mixture: the `Mixture`.
        key: 64-bit integer that, with the index, determines the draw.
    """

    def __init__(self, mixture: Mixture, key: int):
        spec = {"point": tf.TensorSpec([2], tf.float32), "label": tf.TensorSpec([], tf.int32)}
        super().__init__("gaussians", None, spec, num_classes=len(mixture.centres))
        self.mixture = mixture
        self._mode_key = hashing.key(key, _MODE)
        self._offset_key = hashing.key(key, _OFFSET)

    def fetch(self, indices):
        share = hashing.uniform(self._mode_key, indices, 1)[:, 0]
        modes = tf.cast(share * self.num_classes, tf.int32)
        offsets = self.mixture.std * hashing.normal(self._offset_key, indices, 2)
        return {"point": tf.gather(self.mixture.centres, modes) + offsets, "label": modes}


def open_gaussians(
    location: str,
    layout: str,
    split: str,
    main: Field,
    *,
    mixture: str = "ring",
    modes: int = 8,
    radius: float = 1.0,
    side: int = 5,
    spacing: float = 2.0,
    std: float | None = None,
    shift: float = _SHIFT,
    seed: int = 0,
) -> tuple[Source, ...]:
    """Opens source `gaussians`: endless 2-D points, in their own units.

    Args:
        location: unused; the source has no place.
        layout: `"single"`, or `"unpaired"`: the second domain is the same mixture, shifted.
        split: `"train"` or `"test"`: unrelated draws.
        main: unused; the source has points alone.
        mixture: `"ring"` (`modes` of them, `radius`) or `"grid"` (`side` x `side`, `spacing`).
        modes: number of Gaussians of the ring.
        radius: radius of the ring.
        side: Gaussians along one side of the grid.
        spacing: distance between neighbours of the grid.
        std: standard deviation; by default 0.01 for the ring and 0.05 for the grid.
        shift: how far the second domain lies from the first along the first axis.
        seed: another seed gives other draws.
    """
    if layout == "paired":
        raise UserInputError("source 'gaussians' has no pairs of points that belong together.")
    del location, main
    options.number("shift", shift, -1e6, 1e6)
    options.whole_number("seed", seed, 0)
    chosen = _mixture(mixture, modes, radius, side, spacing, std)
    first = GaussianSource(chosen, hashing.key(seed, _SPLITS[split]))
    if layout == "single":
        return (first,)
    return first, GaussianSource(shifted(chosen, shift), hashing.key(seed, _SPLITS[split], _SECOND))


def _mixture(mixture="ring", modes=8, radius=1.0, side=5, spacing=2.0, std=None) -> Mixture:
    options.one_of("mixture", mixture, _DEFAULT_STD)
    std = options.number("std", _DEFAULT_STD[mixture] if std is None else std, 1e-6, 1e6)
    if mixture == "ring":
        modes = options.whole_number("modes", modes, 1, 1_000_000)
        return ring(modes, options.number("radius", radius, 0, 1e6), std)
    side = options.whole_number("side", side, 1, 1_000)
    return grid(side, options.number("spacing", spacing, 0, 1e6), std)
