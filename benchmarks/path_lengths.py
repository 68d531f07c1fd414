"""Path lengths of a StyleGAN."""

import numpy as np

STEP = 1e-4
_BATCH = 64


def path_lengths(model, distance, space: str, end: bool, num: int, seed: int) -> np.ndarray:
    """Returns d / e^2 of pairs, `[num]`.

    Args:
        model: `StyleGAN`.
        distance: function from two batches of images to distances `[B]`.
        space: `"z"` or `"w"`.
        end: whether t is 0 instead of drawn.
        num: pairs.
        seed: which pairs.
    """
    rng = np.random.default_rng(seed)
    seeds, others = rng.integers(0, 2**62, (2, num))
    positions = np.zeros(num) if end else rng.random(num)
    lengths = []

    def images_of(inputs):
        return model.interpolated(inputs, space)

    for start in range(0, num, _BATCH):
        rows = slice(start, start + _BATCH)
        inputs = {
            "seed": seeds[rows],
            "other": others[rows],
            "truncation": np.ones(len(seeds[rows]), np.float32),
        }
        pair = [
            model.infer(
                images_of,
                {**inputs, "position": (positions[rows] + step).astype(np.float32)},
                batch_size=_BATCH,
            )
            for step in (0, STEP)
        ]
        lengths.append(distance(*pair) / STEP**2)
    return np.concatenate(lengths)


def trimmed_mean(lengths: np.ndarray) -> tuple[float, float]:
    """Returns the mean of what is neither below the 1st nor above the 99th percentile, and its
    standard error."""
    low, high = np.percentile(lengths, [1, 99])
    kept = lengths[(low <= lengths) & (lengths <= high)].astype(np.float64)
    return float(kept.mean()), float(kept.std() / np.sqrt(len(kept)))
