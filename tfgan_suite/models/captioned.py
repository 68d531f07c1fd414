"""Models whose networks are shown embeddings of captions."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import one_of
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Text
from tfgan_suite.models.asked import checked_captions
from tfgan_suite.models.trained import trained_model
from tfgan_suite.networks import bag_of_words, word_gru
from tfgan_suite.signatures import Words, caption_reader, refuse_rows
from tfgan_suite.training import GenerativeModel

SEED_AND_CAPTION = {
    "seed": tf.TensorSpec([None], tf.int64, name="seed"),
    "caption": tf.TensorSpec([None], tf.string, name="caption"),
}
"""Inputs of a signature that makes something of a seed and a caption."""

WORD_ENCODERS = ("gru", "bag_of_words")
_MAX_BYTES = 4096  # of a caption for a text encoder that reads strings


class CaptionedModel(GenerativeModel):
    """A `GenerativeModel` with a frozen text encoder.

    A subclass calls `take_captions` in its constructor, and `declare_text_encoder` behind its
    players.

    Attributes:
        text_encoder: `keras.Model`. Captions, or the numbers that `reader` makes of them, to
            embeddings.
        reader: `CaptionReader`, or None where the text encoder takes strings and no vocabulary is
            given.
        reads_strings: bool. Whether the text encoder takes strings.
    """

    network_arguments = ("text_encoder",)
    borrowed_arguments = ("caption_encoder",)

    def take_captions(
        self,
        caption_encoder: str | None,
        vocabulary: Sequence[str],
        text_encoder: keras.Model | None,
        max_words: int,
        max_characters: int | None,
        embedding_size: int,
        word_encoder: str,
    ) -> dict:
        """Sets `text_encoder`, `reader` and `reads_strings`; returns what `get_config` keeps.

        Args:
            caption_encoder: file `.keras` of a trained `CaptionEncoder`, or folder of its run,
                whose vocabulary and text encoder are taken over; or None.
            vocabulary, text_encoder, max_words, max_characters, embedding_size, word_encoder: see
                `TextToImageGAN`.

        Raises:
            UserInputError: on arguments that do not go together, or an encoder that cannot be read.
        """
        one_of("word_encoder", word_encoder, WORD_ENCODERS)
        if caption_encoder is not None:
            if text_encoder is not None or len(vocabulary):
                raise UserInputError(
                    "caption_encoder brings its text encoder and vocabulary: leave text_encoder "
                    "and vocabulary out."
                )
            trained = trained_model("caption_encoder", caption_encoder, "a CaptionEncoder")
            if not hasattr(trained, "reader") or not hasattr(trained, "text_encoder"):
                raise UserInputError(
                    f"caption_encoder={caption_encoder} is a {type(trained).__name__}; expected a "
                    "CaptionEncoder."
                )
            text_encoder = trained.served_network("text_encoder")
            vocabulary, max_words, max_characters = (
                trained.arguments[name] for name in ("vocabulary", "max_words", "max_characters")
            )
        self.take_networks(text_encoder=text_encoder)
        if text_encoder is None:
            if max_characters is not None:
                raise UserInputError(
                    "max_characters belongs to a text_encoder that takes numbers of characters: "
                    "give it, or a caption_encoder."
                )
            vocabulary = Words(vocabulary, max_words).vocabulary
            if word_encoder == "gru":
                sizes = {"embedding_size": embedding_size}
                self.text_encoder = word_gru(len(vocabulary), max_words, **sizes)
            else:
                self.text_encoder = bag_of_words(len(vocabulary), max_words)
        self.reads_strings = self.text_encoder.inputs[0].dtype == "string"
        if not self.reads_strings:
            length = _length_of_captions(self.text_encoder)
            max_words = length if max_characters is None else max_words
            max_characters = None if max_characters is None else length
        self.reader = None
        if len(vocabulary) or max_characters is not None:
            self.reader = caption_reader(vocabulary, max_words, max_characters)
        if self.reader is None and not self.reads_strings:
            raise UserInputError(
                "text_encoder takes numbers: give the vocabulary of words that they count, or "
                "max_characters."
            )
        return {
            "vocabulary": list(vocabulary),
            "max_words": max_words,
            "max_characters": max_characters,
            "embedding_size": self.text_encoder.output_shape[-1],
            "word_encoder": word_encoder,
        }

    def declare_text_encoder(self) -> None:
        """Declares the text encoder: nobody trains it, and it answers users."""
        self.declare_frozen("text_encoder", served=True)

    def caption_field(self) -> Text:
        """Returns the field "caption" of a batch."""
        return Text() if self.reader is None else Text(self.reader.examples, self.reader.check)

    def embedding_of(self, text_encoder, captions) -> tf.Tensor:
        """Returns the embeddings of captions, strings `[B]`, by the encoder or a form of it.

        In `train_step` outside of the updates: nobody trains the encoder, and XLA takes no strings.
        """
        embedding = text_encoder(captions if self.reads_strings else self.reader(captions))
        # One of the user's own may count words.
        return embedding if embedding.dtype.is_floating else tf.cast(embedding, tf.float32)

    def served_embedding(self, captions: tf.Tensor) -> tf.Tensor:
        """Returns the embeddings of captions in a signature, which refuses bad ones by row."""
        if self.reader is not None:
            captions = self.reader.refuse("caption", captions)
        else:
            for is_bad, reason in _faults(captions):
                captions = refuse_rows(captions, is_bad, f"Input caption: {reason}")
        return self.embedding_of(self.served_network("text_encoder"), captions)

    def embed(self, captions: Sequence[str]) -> np.ndarray:
        """Returns the embeddings `[N, embedding_size]` of captions.

        Raises:
            UserInputError: a caption is not UTF-8, is empty, too long, or without a word of the
                vocabulary.
        """
        captions = checked_captions(captions)
        if self.reader is not None:
            self.reader.check("caption", captions)
        else:
            for is_bad, reason in _faults(tf.constant(captions, tf.string)):
                if np.any(is_bad):
                    raise UserInputError(f"caption {np.argmax(is_bad)}: {reason}.")
        return self.embedding_of(self.text_encoder, tf.constant(captions, tf.string)).numpy()

    def seed_and_caption(self) -> str:
        """Returns words for the inputs of a signature from seed and caption."""
        limit = "" if self.reader is None else f", of at most {self.reader.limit},"
        return f"A seed and a caption per row{limit}"

    def example_of_captions(self, num_rows: int) -> dict[str, np.ndarray]:
        """Returns valid inputs of a signature from seed and caption."""
        words = self.caption_field().words
        captions = [words[i % len(words)].encode() for i in range(num_rows)]
        seeds = np.arange(num_rows, dtype=np.int64)
        return {"seed": seeds, "caption": np.array(captions, object)}


def _faults(captions):
    return (
        (tf.strings.length(tf.strings.strip(captions)) == 0, "expected some words; received none"),
        (tf.strings.length(captions) > _MAX_BYTES, f"longer than {_MAX_BYTES} bytes"),
    )


def _length_of_captions(text_encoder):
    shape = text_encoder.input_shape
    if len(shape) != 2 or shape[1] is None:
        raise UserInputError(
            "text_encoder must take strings [B], or numbers of words or characters [B, length]. "
            f"Received one that takes {shape}."
        )
    return shape[1]
