"""The way in: sources of examples, and batches of them as a pure function of the step."""

from tfgan_suite.data.batches import HeldoutPairs, heldout_batch, heldout_pairs, training_batches
from tfgan_suite.data.gaussians import Mixture, mixture_of
from tfgan_suite.data.opening import open_source, options_of
from tfgan_suite.data.source import Source

__all__ = [
    "HeldoutPairs",
    "Mixture",
    "Source",
    "heldout_batch",
    "heldout_pairs",
    "mixture_of",
    "open_source",
    "options_of",
    "training_batches",
]
