"""What every way to read captions shares: which captions it refuses, and how."""

import abc
from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.signatures.signature import refuse_rows


class CaptionReader(abc.ABC):
    """Takes captions, strings `[B]` in UTF-8, to numbers, inside a served graph.

    Attributes:
        length: int. Numbers of a caption.
        limit: str. How long a caption may be, in words.
        examples: list of str. Some words that it can read.
        advice: str. Arguments by which more captions can be read.
    """

    advice: str

    @property
    @abc.abstractmethod
    def length(self) -> int: ...

    @property
    @abc.abstractmethod
    def limit(self) -> str: ...

    @property
    @abc.abstractmethod
    def examples(self) -> list[str]: ...

    @abc.abstractmethod
    def __call__(self, captions: tf.Tensor) -> tf.Tensor:
        """Returns int32 `[B, length]`, 0 where there is nothing."""

    @abc.abstractmethod
    def _faults(self, captions: tf.Tensor) -> Iterable[tuple[tf.Tensor, str]]:
        """Returns pairs: which of the captions cannot be read, bool `[B]`, and why."""

    def refuse(self, name: str, captions: tf.Tensor) -> tf.Tensor:
        """Passes captions on; those that say nothing or too much are refused by input and row.

        Args:
            name: name of the input.
            captions: strings `[B]`.

        Returns:
            `captions`.
        """
        for is_bad, reason in self._faults(captions):
            captions = refuse_rows(captions, is_bad, f"Input {name}: {reason}")
        return captions

    def check(self, name: str, values: np.ndarray) -> None:
        """Raises UserInputError where a caption `[N]` of the data would be refused."""
        captions = tf.constant(values, tf.string)
        for is_bad, reason in self._faults(captions):
            bad = np.flatnonzero(is_bad)
            if len(bad):
                caption = tf.compat.as_bytes(values[bad[0]]).decode(errors="replace")
                raise UserInputError(
                    f"{name} of example {bad[0]} is {caption[:200]!r}: {reason}. Leave such "
                    f"examples out, or build the model with another {self.advice}."
                )
