"""A text encoder: words to vectors, and a gated recurrent network over them."""

import keras
from keras import layers

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers.group_moments import VECTOR


def word_gru(
    num_words: int,
    max_words: int,
    word_size: int = 64,
    units: int = 256,
    embedding_size: int = 1024,
    name: str = "word_gru",
) -> keras.Model:
    """Numbers of words to an embedding of the caption.

    Args:
        num_words: int. Words of the vocabulary.
        max_words: int. Words that a caption may have.
        word_size: int. Size of a word's vector.
        units: int. Of the recurrent network; a multiple of 16. With others TensorFlow computes the
            last rows' activations in another way, so that an embedding depended on its place in
            the batch.
        embedding_size: int. Size of the embedding.
        name: str. Name of the model.

    Returns:
        `keras.Model` from int `[B, max_words]`, padded with 0, to float32
        `[B, embedding_size]`.

    Raises:
        UserInputError: `units` is no multiple of 16.

    Example:

    >>> word_gru(num_words=20, max_words=8, embedding_size=32).output_shape
    (None, 32)
    """
    if units < 1 or units % VECTOR:
        raise UserInputError(f"units must be a multiple of {VECTOR}. Received: {units}.")
    numbers = keras.Input((max_words,), dtype="int32", name="word_numbers")
    x = layers.Embedding(num_words + 1, word_size, mask_zero=True, name="word_vectors")(numbers)
    # Unrolled: captions are short, and a loop would be slower and harder on XLA.
    x = layers.GRU(units, unroll=True, name="recurrent")(x)
    embedding = layers.Dense(embedding_size, dtype="float32", name="embedding")(x)
    return keras.Model(numbers, embedding, name=name)
