"""A text encoder of characters: convolutions, then a recurrent network."""

from collections.abc import Sequence

import keras
from keras import layers

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import OneHot
from tfgan_suite.layers.group_moments import VECTOR

_KERNEL, _POOL = 4, 3


def char_cnn_rnn(
    num_characters: int = 70,
    max_characters: int = 201,
    filters: Sequence[int] = (384, 512, 256),
    units: int = 256,
    embedding_size: int = 1024,
    name: str = "char_cnn_rnn",
) -> keras.Model:
    """Numbers of characters to an embedding of the caption.

    Source: [Reed et al., 2016](https://arxiv.org/abs/1605.05395): convolutions over 4 characters,
    all but the last followed by max-pooling over 3 places, a recurrent network over the places that
    are left (18 of 201 characters), whose states are averaged.

    Args:
        num_characters: int. Of the alphabet; their numbers begin with 1.
        max_characters: int. Length of a caption.
        filters: ints. Of the convolutions.
        units: int. Of the recurrent network; a multiple of 16, see `word_gru`.
        embedding_size: int.
        name: str. Name of the model.

    Returns:
        `keras.Model` from int `[B, max_characters]`, 0 for other characters and behind the end, to
        float32 `[B, embedding_size]`.

    Raises:
        UserInputError: `units` is no multiple of 16, or captions are too short for the
            convolutions.

    Example:

    >>> char_cnn_rnn(max_characters=61, filters=(8, 8), units=16, embedding_size=5).output_shape
    (None, 5)
    """
    if units < 1 or units % VECTOR:
        raise UserInputError(f"units must be a multiple of {VECTOR}. Received: {units}.")
    places = max_characters
    for number, _ in enumerate(filters, start=1):
        places -= _KERNEL - 1
        places = places // _POOL if number < len(filters) else places
    if places < 1:
        raise UserInputError(
            f"{len(filters)} convolutions leave nothing of {max_characters} characters. Choose "
            "more max_characters."
        )
    numbers = keras.Input((max_characters,), dtype="int32", name="character_numbers")
    # Class 0 of the one-hot vectors is none: -1 is zeros.
    x = OneHot(num_characters, name="characters")(numbers - 1)
    for number, outputs in enumerate(filters, start=1):
        x = layers.Conv1D(outputs, _KERNEL, activation="relu", name=f"convolution_{number}")(x)
        if number < len(filters):
            x = layers.MaxPooling1D(_POOL, name=f"pool_{number}")(x)
    x = layers.GRU(units, unroll=True, return_sequences=True, name="recurrent")(x)
    x = layers.GlobalAveragePooling1D(name="mean_state")(x)
    embedding = layers.Dense(embedding_size, dtype="float32", name="embedding")(x)
    return keras.Model(numbers, embedding, name=name)
