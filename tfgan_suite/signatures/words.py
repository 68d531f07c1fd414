"""Captions as numbers of words, inside a served graph: of strings that anybody may have sent.

Everything is an operation on constants; no lookup table has to be filled when a servable is loaded.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import whole_number
from tfgan_suite.errors import UserInputError
from tfgan_suite.signatures.captions import CaptionReader

_BYTES_PER_WORD = 64  # of a caption, at most; longer ones are refused before they are split
_NUM_HASHES = 2**62


def words_of(captions: Iterable[str | bytes]) -> list[str]:
    """Returns the distinct words of captions in alphabetical order: a vocabulary for `Words`.

    Example:

    >>> words_of(["A red circle", "a blue circle, small"])
    ['a', 'blue', 'circle', 'red', 'small']
    """
    captions = np.unique([tf.compat.as_bytes(caption) for caption in captions])
    words = np.unique(_split(tf.constant(captions, tf.string)).values.numpy())
    return [word.decode() for word in words]


class Words(CaptionReader):
    """Takes captions apart into words of a vocabulary.

    Words are what stands between anything but letters, digits and apostrophes, in lower case. Those
    that the vocabulary does not have are passed over.

    Args:
        vocabulary: distinct words; their numbers are 1 for the first, and so on.
        max_words: int. Words that a caption may have.

    Raises:
        UserInputError: the vocabulary is empty, or holds what is not one word, or one twice.

    Example:

    >>> Words(["red", "circle"], max_words=4)(tf.constant(["A red, RED circle"])).numpy()
    array([[0, 1, 1, 2]], dtype=int32)
    """

    advice = "vocabulary or max_words"

    def __init__(self, vocabulary: Sequence[str], max_words: int = 16):
        whole_number("max_words", max_words, 1)
        self.vocabulary, self.max_words = _checked(vocabulary), max_words
        words = np.array([word.encode() for word in self.vocabulary], object)
        hashes = _hashed(tf.constant(words, tf.string)).numpy()
        order = np.argsort(hashes)
        self._hashes, self._words = hashes[order], words[order]
        self._numbers = (order + 1).astype(np.int32)

    @property
    def length(self) -> int:
        return self.max_words

    @property
    def limit(self) -> str:
        return f"{self.max_words} words"

    @property
    def examples(self) -> list[str]:
        return self.vocabulary

    def __call__(self, captions: tf.Tensor) -> tf.Tensor:
        """Returns the numbers of words, int32 `[B, max_words]`; 0 is an unknown word, or none.

        Args:
            captions: strings `[B]` in UTF-8. What is beyond `max_words` is cut off: see `refuse`.
        """
        words = _split(self._bounded(captions)).to_tensor("", shape=[None, self.max_words])
        # One more, since searchsorted cannot look for nothing.
        flat = tf.concat([tf.reshape(words, [-1]), [""]], axis=0)
        places = tf.searchsorted(tf.constant(self._hashes), _hashed(flat))
        places = tf.minimum(places, len(self._words) - 1)
        is_known = tf.equal(tf.gather(tf.constant(self._words, tf.string), places), flat)
        numbers = tf.where(is_known, tf.gather(tf.constant(self._numbers), places), 0)
        numbers = tf.reshape(numbers[:-1], [-1, self.max_words])
        return tf.ensure_shape(numbers, [captions.shape[0], self.max_words])

    def _faults(self, captions):
        is_long = tf.strings.length(captions) > self.max_words * _BYTES_PER_WORD
        lengths = _split(self._bounded(captions)).row_lengths()
        is_known = tf.reduce_any(self(captions) > 0, axis=1)
        return (
            (is_long | (lengths > self.max_words), f"longer than {self.limit}"),
            (lengths == 0, "expected some words; received none"),
            (tf.logical_not(is_known), "not one word of the vocabulary"),
        )

    def _bounded(self, captions):
        return tf.strings.substr(captions, 0, self.max_words * _BYTES_PER_WORD)


def _split(captions):
    lower = tf.strings.lower(captions, encoding="utf-8")
    return tf.strings.split(tf.strings.regex_replace(lower, r"[^\pL\pM\pN']+", " "))


def _hashed(words):
    return tf.strings.to_hash_bucket_fast(words, _NUM_HASHES)


def _checked(vocabulary):
    is_list = isinstance(vocabulary, Sequence) and not isinstance(vocabulary, str | bytes)
    if not is_list or not len(vocabulary) or not all(isinstance(w, str) for w in vocabulary):
        raise UserInputError(
            f"vocabulary is a list of words, at least one. Received: {str(vocabulary)[:200]!r}. "
            "Give the words that captions are read by, such as vocabulary=['red', 'circle']; "
            "tfgan_suite.signatures.words_of(captions) finds those of your captions."
        )
    vocabulary = list(vocabulary)
    parts = _split(tf.constant(vocabulary, tf.string)).to_list()
    for word, found in zip(vocabulary, parts, strict=True):
        if found != [word.encode()]:
            raise UserInputError(
                f"The vocabulary has {word!r}, which is read as "
                f"{[part.decode() for part in found]}; expected one word in lower case."
            )
    if len(set(vocabulary)) < len(vocabulary):
        twice = next(word for word in vocabulary if vocabulary.count(word) > 1)
        raise UserInputError(f"The vocabulary has {twice!r} twice.")
    return vocabulary
