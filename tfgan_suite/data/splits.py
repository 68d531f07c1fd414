"""Which examples are held out where a source has no test split of its own."""

import zlib
from collections.abc import Sequence

import numpy as np

from tfgan_suite.data import options
from tfgan_suite.errors import UserInputError


def split_indices(keys: Sequence[str], test_fraction: float, split: str) -> np.ndarray | None:
    """Chooses the examples of a split.

    The choice follows from the keys alone, so that images with the same name in two domains
    fall on the same side: training on one domain does not see counterparts of the other's test.

    Args:
        keys: a name for each example.
        test_fraction: share of examples that is held out, rounded up, in [0, 1).
        split: `"train"` or `"test"`.

    Returns:
        Ascending int64 indices, or `None` for `"test"` when nothing is held out.

    Raises:
        UserInputError: all examples would be held out.
    """
    options.number("test_fraction", test_fraction, 0, 0.999)
    count = int(np.ceil(test_fraction * len(keys)))
    if split == "test" and count == 0:
        return None
    if count == len(keys):
        if count == 1:
            raise UserInputError(
                f"test_fraction={test_fraction} holds out the only example and leaves none to "
                "train on. Give more, or 0 to hold out none. Of clips, all image files that lie in "
                "one folder are the frames of one."
            )
        raise UserInputError(
            f"test_fraction={test_fraction} holds out all {count} examples and leaves none to "
            "train on. Make it smaller."
        )
    # A file name that is not UTF-8 has surrogates.
    names = [key.encode(errors="surrogateescape") for key in keys]
    ranks = np.argsort([zlib.crc32(name) for name in names], kind="stable")
    return np.sort(ranks[:count] if split == "test" else ranks[count:])
