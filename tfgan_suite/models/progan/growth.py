"""The schedule of a growth: which size is trained when, and how."""

from collections.abc import Mapping
from typing import NamedTuple

from tfgan_suite.data.options import whole_number
from tfgan_suite.errors import UserInputError
from tfgan_suite.training import Stage


class Level(NamedTuple):
    """What the networks are in a stage.

    Attributes:
        size: int. Side of the images.
        fades: bool. Whether the layers of this size are fading in.
    """

    size: int
    fades: bool


def growth_stages(
    sizes: list[int],
    stable_images: int,
    fade_images: int,
    batch_sizes: Mapping[int, int],
    resets: tuple[str, ...],
) -> list[Stage]:
    """Returns the stages of a growth; `Stage.settings` is the `Level`.

    The first size trains for `stable_images`; each further one fades in over `fade_images`, then
    trains for `stable_images`, the last one to the end.

    Args:
        sizes: from the first size to the last, each twice the one before.
        stable_images, fade_images: int.
        batch_sizes: global batch size by size; a size without one takes that of the size before.
        resets: players whose optimizers begin anew with each new size.
    """
    whole_number("stable_images", stable_images, 1)
    whole_number("fade_images", fade_images, 1)
    stages, batch_size = [], None
    for size in sizes:
        batch_size = batch_sizes.get(size, batch_size)
        if size > sizes[0]:
            stages.append(Stage(f"{size}_fade", fade_images, batch_size, resets, Level(size, True)))
        stages.append(Stage(f"{size}", stable_images, batch_size, (), Level(size, False)))
    stages[-1] = Stage(f"{sizes[-1]}", None, batch_size, (), Level(sizes[-1], False))
    return stages


def by_size(argument: str, values: Mapping | None, sizes: list[int]) -> dict[int, float]:
    """Returns a mapping from sizes to numbers; config files have strings as their keys.

    Raises:
        UserInputError: if a key is none of the sizes, or a value no positive number.
    """
    try:
        values = {int(size): value for size, value in dict(values or {}).items()}
        wrong = [v for v in values.values() if isinstance(v, bool) or not v > 0]
    except (TypeError, ValueError):
        wrong = [values]
    if wrong:
        raise UserInputError(
            f"{argument} is a dict from sizes to positive numbers, {{64: 32}}. Received: {values}."
        )
    for size in values:
        if size not in sizes:
            raise UserInputError(
                f"{argument} has the size {size}; the networks grow through "
                f"{', '.join(map(str, sizes))}."
            )
    return values
