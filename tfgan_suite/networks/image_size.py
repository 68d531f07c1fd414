"""How the image networks read their `image_size` argument."""

from tfgan_suite.errors import UserInputError


def height_and_width(image_size):
    """`(height, width)` from an int (a square), a pair of ints, or None (any size)."""
    if image_size is None:
        return (None, None)
    sides = (image_size, image_size) if isinstance(image_size, int) else image_size
    if not isinstance(sides, tuple | list) or len(sides) != 2:
        raise UserInputError(
            f"`image_size` must be an int, a pair (height, width) or None; received {image_size!r}."
        )
    return tuple(sides)
