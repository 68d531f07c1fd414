"""Patches of clips in which something moves."""

import tensorflow as tf


def most_moving(clips: tf.Tensor, places: tf.Tensor, size: int) -> tf.Tensor:
    """Returns the corner of the patch that moves most of some, int32 `[B, 2]`: top and left.

    Most is the largest mean absolute difference of a frame to the one before.

    Args:
        clips: float `[B, T, H, W, C]`.
        places: float `[B, N, 2]` in [0, 1]. Where N patches are, from the top left corner.
        size: int. Side of a patch.
    """
    free = tf.constant([clips.shape[2] - size + 1, clips.shape[3] - size + 1], tf.float32)
    corners = tf.minimum(tf.cast(places * free, tf.int32), tf.cast(free, tf.int32) - 1)
    moves = tf.reduce_mean(tf.abs(clips[:, 1:] - clips[:, :-1]), axis=(1, 4))[:, None, ..., None]
    candidates = tf.unstack(corners, axis=1)
    found = [tf.reduce_mean(cut(moves, corner, size), axis=(1, 2, 3, 4)) for corner in candidates]
    best = tf.argmax(tf.stack(found, axis=1), axis=1)
    return tf.gather(corners, best, batch_dims=1)


def cut(clips: tf.Tensor, corners: tf.Tensor, size: int) -> tf.Tensor:
    """Returns a square patch of each clip, the same in all its frames: `[B, T, size, size, C]`.

    Args:
        clips: `[B, T, H, W, C]`.
        corners: int `[B, 2]`. Top and left of the patches.
        size: int. Their side.
    """
    rows = corners[:, :1] + tf.range(size)
    columns = corners[:, 1:] + tf.range(size)
    images = tf.transpose(clips, [0, 2, 3, 1, 4])
    images = tf.gather(images, rows, axis=1, batch_dims=1)
    images = tf.gather(images, columns, axis=2, batch_dims=1)
    return tf.transpose(images, [0, 3, 1, 2, 4])
