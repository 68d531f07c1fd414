"""Editing of images by the latents that a generator makes them of.

Every model says in `latent_spaces()` in which spaces its samples can be edited; what is here asks
for nothing else, so it serves each of them. Networks are never changed.
"""

from tfgan_suite.editing.arithmetic import combined, neighbours
from tfgan_suite.editing.blending import poisson_blend
from tfgan_suite.editing.brushes import Brushed, Strokes, brush, edge_histograms
from tfgan_suite.editing.directions import (
    Direction,
    attribute_directions,
    component_directions,
    leakage,
    moved,
    value_direction,
    without,
)
from tfgan_suite.editing.inpainting import Inpainting, context_weights, inpaint
from tfgan_suite.editing.morphing import Morph, morph
from tfgan_suite.editing.projection import Projection, project
from tfgan_suite.editing.search import OPTIMIZERS, SearchOptions
from tfgan_suite.editing.signatures import editing_signatures
from tfgan_suite.editing.spaces import decoded, find_space, points_of_seeds
from tfgan_suite.editing.units import unit_activities, unit_direction

__all__ = [
    "OPTIMIZERS",
    "Brushed",
    "Direction",
    "Inpainting",
    "Morph",
    "Projection",
    "SearchOptions",
    "Strokes",
    "attribute_directions",
    "brush",
    "combined",
    "component_directions",
    "context_weights",
    "decoded",
    "edge_histograms",
    "editing_signatures",
    "find_space",
    "inpaint",
    "leakage",
    "morph",
    "moved",
    "neighbours",
    "points_of_seeds",
    "poisson_blend",
    "project",
    "unit_activities",
    "unit_direction",
    "value_direction",
    "without",
]
