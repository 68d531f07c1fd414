"""The structured joint embedding: texts near their images, far from those of others."""

import tensorflow as tf

from tfgan_suite.errors import UserInputError


def joint_embedding_hinge(texts, images, keys, group_size, margin=1.0):
    """In-batch hinge on inner products, in both directions.

    With s_ij the inner product of text i and image j of a group, the example i gets the means over
    the others j of max(0, margin + s_ij - s_ii) and of max(0, margin + s_ji - s_ii). Others with
    the same caption do not count.

    Groups are consecutive examples and never span two devices, so that the result is the same
    however many devices share a batch.

    Source: [Reed et al., 2016](https://arxiv.org/abs/1605.05395).

    Args:
        texts, images: float `[B, size]`. Embeddings.
        keys: integers `[B, n]`. Equal rows mean equal captions.
        group_size: int. Examples of a group; divides B.
        margin: float.

    Returns:
        Two float32 `[B]`: text to image, and image to text.

    Raises:
        UserInputError: `group_size` does not divide the batch.
    """
    batch = texts.shape[0]
    if batch is not None and batch % group_size:
        raise UserInputError(
            f"group_size={group_size} does not divide a batch of {batch}. Choose one that divides "
            "the batch of each device."
        )

    def grouped(tensor):
        return tf.reshape(tensor, [-1, group_size, tensor.shape[-1]])

    scores = tf.matmul(
        grouped(tf.cast(texts, tf.float32)),
        grouped(tf.cast(images, tf.float32)),
        transpose_b=True,
    )
    own = tf.linalg.diag_part(scores)[..., tf.newaxis]
    keys = grouped(keys)
    differs = tf.reduce_any(keys[:, :, tf.newaxis] != keys[:, tf.newaxis], axis=-1)
    others = tf.cast(differs, tf.float32)
    share = others / tf.maximum(tf.reduce_sum(others, axis=-1, keepdims=True), 1.0)

    def hinge(of_others):
        losses = share * tf.nn.relu(margin + of_others - own)
        return tf.reshape(tf.reduce_sum(losses, axis=-1), [-1])

    return hinge(scores), hinge(tf.transpose(scores, [0, 2, 1]))
