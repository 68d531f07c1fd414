"""What every model stands on."""

from tfgan_suite.training.checkpoint import Checkpoints
from tfgan_suite.training.generative_model import GenerativeModel
from tfgan_suite.training.guard import NonFiniteError
from tfgan_suite.training.player_update import Loss, Measured, Snapshot
from tfgan_suite.training.schedules import (
    ConstantThenLinear,
    ExponentialToFloor,
    ImageSchedule,
    PiecewiseConstant,
)
from tfgan_suite.training.stages import Stage

__all__ = [
    "Checkpoints",
    "ConstantThenLinear",
    "ExponentialToFloor",
    "GenerativeModel",
    "ImageSchedule",
    "Loss",
    "Measured",
    "NonFiniteError",
    "PiecewiseConstant",
    "Snapshot",
    "Stage",
]
