"""Captions as numbers of characters, inside a served graph."""

import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import whole_number
from tfgan_suite.signatures.captions import CaptionReader

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-,;.!?:'\"/\\|_@#$%^&*~`+=<>()[]{} \n"
"""What is read of a caption in lower case; the number of the first is 1."""


class Characters(CaptionReader):
    """Takes captions apart into characters.

    Those of `ALPHABET` have numbers, after a caption is in lower case. All other characters, the
    bytes of letters beyond ASCII among them, are 0.

    Args:
        max_characters: int. Bytes that a caption may have.

    Example:

    >>> Characters(max_characters=5)(tf.constant(["A c!"])).numpy()
    array([[ 1, 69,  3, 41,  0]], dtype=int32)
    """

    advice = "max_characters"

    def __init__(self, max_characters: int = 201):
        whole_number("max_characters", max_characters, 1)
        self.max_characters = max_characters
        self._numbers = np.zeros(256, np.int32)
        for number, character in enumerate(ALPHABET, start=1):
            self._numbers[ord(character)] = number

    @property
    def length(self) -> int:
        return self.max_characters

    @property
    def limit(self) -> str:
        return f"{self.max_characters} characters"

    @property
    def examples(self) -> list[str]:
        return ["red", "blue", "small", "circle"]

    def __call__(self, captions: tf.Tensor) -> tf.Tensor:
        """Returns the numbers of characters, int32 `[B, max_characters]`; 0 is another, or none.

        Args:
            captions: strings `[B]` in UTF-8. What is beyond `max_characters` is cut off: see
                `refuse`.
        """
        codes = tf.io.decode_raw(
            tf.strings.lower(captions), tf.uint8, fixed_length=self.max_characters
        )
        return tf.gather(tf.constant(self._numbers), tf.cast(codes, tf.int32))

    def _faults(self, captions):
        is_long = tf.strings.length(captions) > self.max_characters
        has_letters = tf.strings.regex_full_match(captions, r"(?s).*[A-Za-z0-9].*")
        return (
            (is_long, f"longer than {self.limit}"),
            (
                tf.strings.length(tf.strings.strip(captions)) == 0,
                "expected some words; received none",
            ),
            (tf.logical_not(has_letters), "not one letter from a to z and no digit"),
        )
