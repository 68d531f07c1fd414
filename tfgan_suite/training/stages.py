"""Stages of a training, by images seen: what is trained, how, and what a change does."""

import dataclasses

import numpy as np

from tfgan_suite.errors import UserInputError
from tfgan_suite.keras_private import learning_rate_of


@dataclasses.dataclass(frozen=True)
class Stage:
    """A part of a training.

    It begins with the first step (with `steps_per_execution`, the first execution) at or after the
    end of the one before. Inside `train_step` and the losses `self.stage` is the stage as a plain
    Python object: each stage is traced once, so `if self.stage.name == ...` costs nothing.

    Args:
        name: str.
        images: int or None. Images that it lasts; None, for the last stage: to the end.
        batch_size: int or None. Global batch size that a run takes in it; None: that of the run.
        resets: tuple of str. Players whose optimizers begin anew (slots and step count at zero)
            when this stage begins.
        settings: any hashable object with more of what the model does in it, such as a resolution.
    """

    name: str
    images: int | None = None
    batch_size: int | None = None
    resets: tuple[str, ...] = ()
    settings: object = None


class Stages:
    """The stages of a model, in their order.

    Raises:
        UserInputError: on a stage before the last that lasts for ever, none at all, or two of one
            name.
    """

    def __init__(self, stages):
        self.all = tuple(stages)
        if not self.all or not all(isinstance(stage, Stage) for stage in self.all):
            raise UserInputError(f"declare_stages needs Stages, at least one. Received: {stages}.")
        for stage in self.all:
            try:
                hash(stage)
            except TypeError as error:
                raise UserInputError(
                    f"settings of stage {stage.name!r} must be hashable, such as a tuple or a "
                    f"frozen dataclass. Received: {stage.settings!r}."
                ) from error
            if stage.batch_size is not None and not _is_count(stage.batch_size):
                raise UserInputError(
                    f"batch_size of stage {stage.name!r} must be a whole number from 1, or None. "
                    f"Received: {stage.batch_size!r}."
                )
            if not _is_count(stage.images) and not (stage is self.all[-1] and stage.images is None):
                raise UserInputError(
                    f"Stage {stage.name!r} lasts {stage.images} images; only the last may last "
                    "to the end (None), the others a positive whole number."
                )
        names = [stage.name for stage in self.all]
        if len(set(names)) < len(names):
            raise UserInputError(f"Two stages have one name: {names}.")

    def check_resets(self, players) -> None:
        """Raises UserInputError if a stage resets an unknown player."""
        for stage in self.all:
            if unknown := [player for player in stage.resets if player not in players]:
                raise UserInputError(
                    f"Stage {stage.name!r} resets {stage.resets!r}; {unknown[0]!r} is none of the "
                    f"players {list(players)}. Give a tuple of players."
                )

    def index_at(self, images: int) -> int:
        """Returns the number of the stage that a run is in after so many images."""
        end = 0
        for index, stage in enumerate(self.all[:-1]):
            end += stage.images
            if images < end:
                return index
        return len(self.all) - 1

    def start_of(self, index: int) -> int:
        """Returns the images after which a stage begins."""
        return sum(stage.images for stage in self.all[:index])

    def end_of(self, index: int) -> int | None:
        """Returns the images after which a stage ends; None for the last one without an end."""
        if self.all[index].images is None:
            return None
        return self.start_of(index) + self.all[index].images


def _is_count(value):
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 1


def start_anew(optimizer, variables: list) -> None:
    """Sets an optimizer's slots and step count to what they began with; its learning rate stays.

    Args:
        optimizer: a built optimizer.
        variables: those that it moves.
    """
    new = type(optimizer).from_config(optimizer.get_config())
    new.build(variables)
    rate = learning_rate_of(optimizer)
    for variable, begun in zip(optimizer.variables, new.variables, strict=True):
        if variable is not rate:
            variable.assign(begun.value)
