"""How the image networks read their `image_size` argument."""

from tfgan_suite.errors import UserInputError

_TIMES = ("no", "one", "two", "three", "four", "five", "six")


def height_and_width(image_size):
    """`(height, width)` from an int (a square), a pair of ints, or None (any size)."""
    if image_size is None:
        return (None, None)
    sides = (image_size, image_size) if isinstance(image_size, int) else image_size
    if not isinstance(sides, tuple | list) or len(sides) != 2:
        raise UserInputError(
            f"`image_size` must be an int, a pair (height, width) or None; received {image_size!r}."
        )
    for side in sides:
        if side is not None and (isinstance(side, bool) or not isinstance(side, int) or side < 1):
            raise UserInputError(
                f"The sides of `image_size` must be whole numbers from 1; received {image_size!r}."
            )
    return tuple(sides)


def num_doublings(image_size: int, base_size: int, fewest: int = 1, most: int = 5) -> int:
    """Returns how often `base_size` is doubled to `image_size`.

    Raises:
        UserInputError: fewer than `fewest` times, more than `most`, or not a whole number of times.
    """
    sizes = {base_size * 2**doublings: doublings for doublings in range(fewest, most + 1)}
    if not isinstance(image_size, int) or image_size not in sizes:
        raise UserInputError(
            f"`image_size` must be one of {', '.join(map(str, sizes))} (`base_size` {base_size} "
            f"doubled {_TIMES[fewest]} to {_TIMES[most]} times); received {image_size!r}."
        )
    return sizes[image_size]
