"""Latents of seeds, and latents between them."""

import tensorflow as tf

from tfgan_suite.training.noise import DISTRIBUTIONS, check_distribution


def latents_from_seeds(
    seed: tf.Tensor, latent_size: int, distribution: str = "normal", stream: int = 0
) -> tf.Tensor:
    """Draws latents that are a function of the seed alone, row by row.

    The same seed gives the same latents in every batch, process and version: Philox, counter based.

    Args:
        seed: int64 `[B]`, any value.
        latent_size: Length of a latent vector.
        distribution: A key of `tfgan_suite.training.noise.DISTRIBUTIONS`.
        stream: Another number gives other latents of the same seed.

    Returns:
        float32 `[B, latent_size]`.
    """
    draw = DISTRIBUTIONS[check_distribution(distribution)]
    return tf.map_fn(
        lambda row: draw([latent_size], tf.stack([row, tf.constant(stream, row.dtype)])),
        seed,
        fn_output_signature=tf.float32,
    )


def linear(first: tf.Tensor, second: tf.Tensor, position: tf.Tensor) -> tf.Tensor:
    """Returns what lies at `position`, 0 to 1, on the straight way between vectors, row by row.

    Args:
        first, second: `[B, size]`.
        position: `[B]`.
    """
    return first + (second - first) * position[:, None]


def spherical(first: tf.Tensor, second: tf.Tensor, position: tf.Tensor) -> tf.Tensor:
    """Returns what lies at `position` on the great circle between vectors, row by row.

    Long vectors from N(0, 1) have nearly one length, and so has what lies between them here: on the
    straight way it would be shorter. Lengths are interpolated linearly. Vectors of one line, and
    zero, have no circle and are interpolated linearly.

    From [White, 2016](https://arxiv.org/abs/1609.04468).

    Args:
        first, second: `[B, size]`.
        position: `[B]`.
    """
    lengths = [tf.norm(vectors, axis=1, keepdims=True) for vectors in (first, second)]
    ends = [
        tf.math.divide_no_nan(vectors, length)
        for vectors, length in zip((first, second), lengths, strict=True)
    ]
    cosine = tf.reduce_sum(ends[0] * ends[1], axis=1, keepdims=True)
    angle = tf.acos(tf.clip_by_value(cosine, -1.0, 1.0))
    place = position[:, None]
    sine = tf.sin(angle)
    between = tf.math.divide_no_nan(
        tf.sin((1 - place) * angle) * ends[0] + tf.sin(place * angle) * ends[1], sine
    )
    straight = linear(first, second, position)
    no_circle = (sine < 1e-4) | (lengths[0] == 0) | (lengths[1] == 0)
    return tf.where(no_circle, straight, between * linear(*lengths, position))
