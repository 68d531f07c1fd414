"""Whether an image shows what it should, and not one of the things it could be taken for."""

import numpy as np

from tfgan_suite.errors import UserInputError


def recognised(
    images: np.ndarray,
    references: np.ndarray,
    alternatives: np.ndarray,
    masks: np.ndarray,
    ratio: float = 0.8,
) -> np.ndarray:
    """Returns which images are clearly nearer to their reference than to any alternative.

    The distance is the root mean square over the mask. An image passes when its distance to the
    reference is at most `ratio` times that to the nearest alternative, the rule by which
    [Lowe, 2004](https://doi.org/10.1023/B:VISI.0000029664.99615.94) keeps the matches of features
    that are not ambiguous, with a ratio of 0.8. With 1 it has to be nearest to its reference. The
    reference itself always passes and, below 1, an alternative never does; nor does a blurred or
    blotchy image, which is about as far from one as from the other.

    Args:
        images: float `[N, height, width, channels]`, what is judged.
        references: float `[N, height, width, channels]`, the truth.
        alternatives: float `[N, K, height, width, channels]`, what each image must not be taken
            for. One that equals the reference inside the mask makes passing impossible, unless the
            image equals it too.
        masks: bool `[N, height, width]`, the pixels that count; some in each image.
        ratio: float in (0, 1]. Smaller is stricter.

    Returns:
        bool `[N]`.

    Raises:
        UserInputError: on shapes that do not belong together, a mask without a pixel, or a ratio
            outside (0, 1].

    Example:

    >>> black, white = np.zeros((1, 2, 2, 1)), np.ones((1, 1, 2, 2, 1))
    >>> recognised(black + 0.1, black, white, np.ones((1, 2, 2), bool))
    array([ True])
    """
    images, references = np.asarray(images, np.float64), np.asarray(references, np.float64)
    alternatives, masks = np.asarray(alternatives, np.float64), np.asarray(masks, bool)
    if (
        images.ndim != 4
        or references.shape != images.shape
        or alternatives.shape != (len(images), *alternatives.shape[1:2], *images.shape[1:])
        or masks.shape != images.shape[:3]
    ):
        raise UserInputError(
            "`images` and `references` are [N, height, width, channels], `alternatives` [N, K, "
            "height, width, channels] and `masks` [N, height, width]. Received: "
            f"{images.shape}, {references.shape}, {alternatives.shape} and {masks.shape}."
        )
    if not masks.any(axis=(1, 2)).all():
        raise UserInputError("Each mask must hold a pixel; received one that holds none.")
    if not 0 < ratio <= 1:
        raise UserInputError(f"`ratio` must lie between 0 and 1; received {ratio!r}.")
    to_reference = _distance(images, references, masks)
    to_nearest = _distance(images[:, None], alternatives, masks[:, None]).min(axis=1)
    return to_reference <= ratio * to_nearest


def _distance(images, others, masks):
    squared = np.square(images - others).mean(axis=-1)
    return np.sqrt((squared * masks).sum(axis=(-2, -1)) / masks.sum(axis=(-2, -1)))
