"""Which way captions are read, by a model's arguments."""

from collections.abc import Sequence

from tfgan_suite.errors import UserInputError
from tfgan_suite.signatures.captions import CaptionReader
from tfgan_suite.signatures.characters import Characters
from tfgan_suite.signatures.words import Words


def caption_reader(
    vocabulary: Sequence[str], max_words: int, max_characters: int | None
) -> CaptionReader:
    """Returns `Characters` where `max_characters` is a number, else `Words`.

    Raises:
        UserInputError: there is a vocabulary for characters, or none for words.
    """
    if max_characters is None:
        return Words(vocabulary, max_words)
    if len(vocabulary):
        raise UserInputError(
            f"max_characters={max_characters} reads captions by characters: leave vocabulary out."
        )
    return Characters(max_characters)
