"""Penalties on the gradient of a discriminator with respect to its input.

All are pure and return one float32 number per example; they may be differentiated again, within a
`tf.GradientTape` of the caller. `discriminator` is any callable from examples to logits, usually
`lambda x: network(x, training=True)`. The score of an example is the mean of its logits, as in
`losses.adversarial`. Batch norm in the discriminator makes a score depend on other examples too;
the gradient then includes what an example changes in theirs.
"""

import tensorflow as tf

from tfgan_suite.losses.per_example import as_float, mean_per_example


def gradient_penalty(discriminator, real, fake, epsilon):
    """`(||gradient|| - 1)^2` at points between real and fake examples, both sides of 1 penalised.

    From [Gulrajani et al., 2017](https://arxiv.org/abs/1704.00028), who weight its mean by 10.

    Args:
        discriminator: callable, `[batch, ...]` to logits.
        real, fake: tensors `[batch, ...]` of one shape.
        epsilon: tensor `[batch]` in [0, 1], drawn by the caller: the part of `real` in the mix.

    Returns:
        Tensor `[batch]`.
    """
    real, fake = as_float(real), as_float(fake)
    epsilon = tf.reshape(tf.cast(epsilon, real.dtype), [-1] + [1] * (len(real.shape) - 1))
    squared_norm = _squared_gradient_norm(discriminator, epsilon * real + (1 - epsilon) * fake)
    # The square root has no derivative at 0, where a new or dead discriminator may be.
    norm = tf.sqrt(squared_norm + 1e-12)
    return tf.square(norm - 1)


def r1(discriminator, real):
    """Squared norm of the gradient at real examples; weight its mean by `gamma / 2`.

    From [Mescheder et al., 2018](https://arxiv.org/abs/1801.04406).

    Args:
        discriminator: callable, `[batch, ...]` to logits.
        real: tensor `[batch, ...]`.

    Returns:
        Tensor `[batch]`.
    """
    return _squared_gradient_norm(discriminator, as_float(real))


def r2(discriminator, fake):
    """Squared norm of the gradient at fake examples; weight its mean by `gamma / 2`. See `r1`."""
    return _squared_gradient_norm(discriminator, as_float(fake))


def _squared_gradient_norm(discriminator, examples):
    examples = tf.stop_gradient(examples)
    with tf.GradientTape() as tape:
        tape.watch(examples)
        scores = mean_per_example(as_float(discriminator(examples)))
    gradient = tape.gradient(scores, examples, unconnected_gradients="zero")
    return tf.reduce_sum(tf.square(gradient), axis=list(range(1, len(gradient.shape))))
