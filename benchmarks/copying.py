"""Whether samples are copies of training examples: how near is the nearest one?

A model that learned more than its training examples by heart makes samples that are no nearer to
them than held-out real examples are.
"""

import numpy as np

_AT_ONCE = 256  # examples that are held against all known ones


def nearest_by_distance(examples: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns how far each example is from the nearest known one, `[N]`, and which that is.

    The distance is the root of the mean squared difference.

    Args:
        examples: `[N, ...]`.
        known: `[M, ...]` of the same shape.
    """
    examples, known = _rows(examples), _rows(known)
    squares = (known**2).sum(axis=1)
    which = [(squares - 2 * part @ known.T).argmin(axis=1) for part in _parts(examples)]
    which = np.concatenate(which)
    return np.sqrt(((examples - known[which]) ** 2).mean(axis=1)), which


def views(images: np.ndarray, size: int, mirrored: bool = False) -> np.ndarray:
    """Returns what random parts of images look like: the centre, the corners, and their mirrors.

    Args:
        images: `[N, side, side, channels]`.
        size: int. Height and width of a part.
        mirrored: bool.

    Returns:
        `[V, N, size, size, channels]`; the centre is the first, and the only one where `size` is
        the side.
    """
    last = images.shape[1] - size
    starts = [(last // 2,) * 2, (0, 0), (0, last), (last, 0), (last, last)] if last else [(0, 0)]
    parts = [images[:, y : y + size, x : x + size] for y, x in starts]
    return np.stack([*parts, *(part[:, :, ::-1] for part in parts if mirrored)])


def nearest_by_overlap(volumes: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the overlap of each volume with the most similar known one, and which that is.

    Args:
        volumes: `[N, ...]`, true where full.
        known: `[M, ...]` likewise.

    Returns:
        Intersection over union `[N]` (1 of two empty volumes), and indices `[N]`.
    """
    volumes, known = _rows(volumes), _rows(known)
    overlap, which = [], []
    for part in _parts(volumes):
        both = part @ known.T
        either = part.sum(axis=1)[:, None] + known.sum(axis=1) - both
        found = np.where(either > 0, both / np.maximum(either, 1), 1.0)
        overlap.append(found.max(axis=1))
        which.append(found.argmax(axis=1))
    return np.concatenate(overlap), np.concatenate(which)


def overlap(volumes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Returns the intersection over union of each volume with its other, `[N]`.

    Args:
        volumes, others: bool `[N, ...]`.
    """
    volumes, others = _rows(volumes) > 0, _rows(others) > 0
    either = (volumes | others).sum(axis=1)
    return np.where(either > 0, (volumes & others).sum(axis=1) / np.maximum(either, 1), 1.0)


def copies(distances: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Returns which samples are nearer to a training example than 99 % of held-out ones are.

    Args:
        distances: `[N]`, from samples to the nearest training example.
        held_out: `[M]`, from held-out real examples to theirs.
    """
    return np.asarray(distances) < np.quantile(held_out, 0.01)


def _rows(array):
    return np.reshape(array, (len(array), -1)).astype(np.float32)


def _parts(rows):
    return [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]
