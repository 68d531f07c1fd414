"""Which words a caption has."""

import keras
from keras import ops


def bag_of_words(num_words: int, max_words: int, name: str = "bag_of_words") -> keras.Model:
    """Numbers of words to 1 for each word of the vocabulary that the caption has, else 0.

    It has no weights and keeps no order: captions of the same words are the same.

    Args:
        num_words: int. Words of the vocabulary.
        max_words: int. Words that a caption may have.
        name: str. Name of the model.

    Returns:
        `keras.Model` from int `[B, max_words]`, padded with 0, to float32
        `[B, num_words]`.

    Example:

    >>> bag_of_words(num_words=3, max_words=4)(np.array([[3, 1, 3, 0]])).numpy()
    array([[1., 0., 1.]], dtype=float32)
    """
    numbers = keras.Input((max_words,), dtype="int32", name="word_numbers")
    # 0 is "no word": its place is dropped.
    words = ops.one_hot(numbers, num_words + 1, dtype="float32")
    return keras.Model(numbers, ops.max(words, axis=1)[:, 1:], name=name)
