"""Captions that differ from others in one word."""

import tensorflow as tf


def with_one_word_of(others, numbers, draws):
    """Returns captions with one word exchanged for the one that stands there in other captions.

    Args:
        others, numbers: ints `[B, max_words]`. Numbers of words; 0 is an unknown word, or none.
        draws: float `[B, max_words]`, at least 0. Of the places where both have a word and the
            words differ, the one of the highest draw is exchanged.

    Returns:
        Numbers of the changed captions `[B, max_words]`, and bool `[B]`: False where no place
        could be found, and the caption is left as it is.
    """
    differs = (numbers != others) & (numbers > 0) & (others > 0)
    place = tf.argmax(tf.where(differs, draws, -1.0), axis=1)
    exchanged = tf.one_hot(place, numbers.shape[1], on_value=True, off_value=False) & differs
    return tf.where(exchanged, others, numbers), tf.reduce_any(exchanged, axis=1)


def neighbours(rows, distance, group_size):
    """Returns for each row `[B, n]` the one that stands `distance` before it in its group.

    Groups are of `group_size` consecutive rows; before the first one stands the last one.
    """
    grouped = tf.reshape(rows, [-1, group_size, rows.shape[-1]])
    return tf.reshape(tf.roll(grouped, distance, axis=1), tf.shape(rows))
