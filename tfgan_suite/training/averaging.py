"""Exponential moving averages of whole networks, batch-norm statistics included."""

import keras
import tensorflow as tf


def copy_network(network: keras.Model) -> keras.Model:
    """Returns a network of the same configuration and values with variables of its own."""
    copy = type(network).from_config(network.get_config())
    if not copy.built:
        copy.build(network.input_shape)
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy


def decay(batch: int, half_life: float, images_seen: tf.Tensor, ramp_up: float = 0.05):
    """Returns the factor by which old values count after `batch` more images.

    Args:
        batch: int. Images of one step, over all replicas.
        half_life: float. Images after which an old value counts half.
        images_seen: int64 scalar tensor. Early on the half-life is at most `ramp_up` times this,
            so that the average does not remember the initial weights for long.
    """
    seen = tf.cast(images_seen, tf.float32)
    half_life = tf.minimum(float(half_life), tf.maximum(ramp_up * seen, 1e-6))
    return 0.5 ** (batch / half_life)


def move_towards(average: keras.Model, network: keras.Model, factor: tf.Tensor) -> None:
    """Moves every variable of `average` to `factor * average + (1 - factor) * network`.

    Variables that are not floating-point are copied.
    """
    for old, new in zip(average.variables, network.variables, strict=True):
        if new.dtype.startswith(("float", "bfloat")):
            old.assign(old + (new - old) * tf.cast(1.0 - factor, new.dtype))
        else:
            old.assign(new)
