"""Keras' Adam with one kernel for a weight's update."""

import functools

import keras
import tensorflow as tf

from tfgan_suite.keras_private import adam_moments_of


def fuse(optimizer: keras.optimizers.Optimizer) -> None:
    """Lets TensorFlow's fused kernel make the updates of Keras' Adam and AdamW.

    Keras composes Adam of some fifteen operations, each of which goes through all weights once. The
    kernel computes the same formula in one go; results differ by rounding. Other optimizers, those
    with an update of their own, and Adam with `amsgrad` stay as they are.
    """
    if type(optimizer).update_step is keras.optimizers.Adam.update_step and not optimizer.amsgrad:
        optimizer.update_step = functools.partial(_update_step, optimizer)


def _update_step(optimizer, gradient, variable, learning_rate):
    dtype = variable.dtype
    m, v = adam_moments_of(optimizer, variable)
    step = tf.cast(optimizer.iterations.value + 1, dtype)
    beta_1, beta_2 = (tf.constant(beta, dtype) for beta in (optimizer.beta_1, optimizer.beta_2))
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=m.handle,
        v=v.handle,
        beta1_power=tf.pow(beta_1, step),
        beta2_power=tf.pow(beta_2, step),
        lr=tf.cast(learning_rate, dtype),
        beta1=beta_1,
        beta2=beta_2,
        epsilon=tf.constant(optimizer.epsilon, dtype),
        grad=tf.cast(tf.convert_to_tensor(gradient), dtype),
    )
