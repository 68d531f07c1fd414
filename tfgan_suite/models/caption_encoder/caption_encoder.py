"""Embeddings of captions and images in one space, learnt together."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tfgan_suite.data.options import whole_number
from tfgan_suite.drawing import ImageGrid
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image, Text
from tfgan_suite.layers import GhostBatchNormalization
from tfgan_suite.losses import joint_embedding_hinge
from tfgan_suite.models.asked import checked_captions, checked_examples
from tfgan_suite.models.caption_encoder.negatives import neighbours, with_one_word_of
from tfgan_suite.models.caption_encoder.presets import PRESETS
from tfgan_suite.models.registry import register
from tfgan_suite.networks import char_cnn_rnn, word_gru
from tfgan_suite.networks.image_size import num_doublings
from tfgan_suite.signatures import ALPHABET, Signature, caption_reader
from tfgan_suite.training import GenerativeModel, Loss

_BEST = 5  # images that a drawing shows for a caption


@register("caption_encoder")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class CaptionEncoder(GenerativeModel):
    """Embeds captions where the images are that they describe: what text-to-image models read.

    Source: [Reed et al., 2016](https://arxiv.org/abs/1605.05395), by characters (their
    char-CNN-RNN) or with a recurrent network over words; the image network learns beside it.

    Args:
        vocabulary: list of str. Words that captions are read by; see `signatures.words_of`.
        max_words: int. Words that a caption may have.
        max_characters: int or None. Captions are read by characters, at most so many (the authors:
            201), by `networks.char_cnn_rnn`; there is no vocabulary then. None: by words.
        character_filters: ints. Of the convolutions over characters.
        image_size: int. 4 doubled one to five times.
        channels: int.
        embedding_size: int.
        word_size: int. Size of a word's vector.
        units: int. Of the recurrent network; a multiple of 16.
        filters: int. Of the image network's first convolution; each later one has twice as many.
        group_size: int. Consecutive examples that the loss compares with each other.
        margin: float.
        word_negatives: int. Of each caption, so many with one word exchanged for that of another
            caption of the group: the image is held against these, too. 0: the paper's loss, which
            says little of words that seldom decide alone which image is meant.
        batch_norm_group_size: int or None. `group_size` of `GhostBatchNormalization`.
        ema_half_life, seed, name: see `GenerativeModel`.

    Call arguments:
        inputs: int32 `[B, max_words]`, numbers of words, or of characters; see `reader`. Returns
            float32 `[B, embedding_size]`.

    Attributes:
        reader: `Words` or `Characters`. From captions to numbers.
        text_encoder: `keras.Model`. From these numbers to embeddings.
        image_encoder: `keras.Model`. From images in [-1, 1] to embeddings.

    Raises:
        UserInputError: on an argument that the networks cannot be built with.

    Example:

    ```python
    encoder = CaptionEncoder(["red", "blue"], image_size=8, filters=4, group_size=8)
    encoder.compile()
    colours = np.random.default_rng(0).integers(0, 2, 64)
    image = np.ones((64, 8, 8, 3), "float32") * (2 * colours - 1)[:, None, None, None]
    encoder.fit({"image": image, "caption": np.array(["red", "blue"])[colours]})
    encoder.embed(["a red one"]).shape  # (1, 1024)
    ```
    """

    presets = PRESETS
    draws_examples = True

    def __init__(
        self,
        vocabulary: Sequence[str] = (),
        max_words: int = 16,
        max_characters: int | None = None,
        character_filters: Sequence[int] = (384, 512, 256),
        image_size: int = 64,
        channels: int = 3,
        embedding_size: int = 1024,
        word_size: int = 64,
        units: int = 256,
        filters: int = 64,
        group_size: int = 16,
        margin: float = 1.0,
        word_negatives: int = 0,
        batch_norm_group_size: int | None = None,
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        self.reader = caption_reader(vocabulary, max_words, max_characters)
        whole_number("group_size", group_size, 2)
        for argument, value in {
            "embedding_size": embedding_size,
            "word_size": word_size,
            "filters": filters,
        }.items():
            whole_number(argument, value, 1)
        if not margin > 0:
            raise UserInputError(f"margin must be more than 0. Received: {margin}.")
        whole_number("word_negatives", word_negatives, 0, group_size - 1)
        if word_negatives and max_characters is not None:
            raise UserInputError(
                f"word_negatives={word_negatives} exchanges words, but max_characters="
                f"{max_characters} reads captions by characters. Leave one of them out."
            )
        self.arguments = {
            "vocabulary": list(vocabulary),
            "max_words": max_words,
            "max_characters": max_characters,
            "character_filters": list(character_filters),
            "image_size": image_size,
            "channels": channels,
            "embedding_size": embedding_size,
            "word_size": word_size,
            "units": units,
            "filters": filters,
            "group_size": group_size,
            "margin": margin,
            "word_negatives": word_negatives,
            "batch_norm_group_size": batch_norm_group_size,
        }
        self.group_size, self.margin = group_size, margin
        self.word_negatives = word_negatives
        self.image_shape = (image_size, image_size, channels)
        if max_characters is None:
            self.text_encoder = word_gru(
                len(vocabulary), max_words, word_size, units, embedding_size
            )
        else:
            self.text_encoder = char_cnn_rnn(
                len(ALPHABET), max_characters, character_filters, units, embedding_size
            )
        self.image_encoder = image_encoder(
            image_size, channels, embedding_size, filters, batch_norm_group_size
        )
        self.declare_player("encoder", "text_encoder", "image_encoder", served=True)

    def batch_spec(self):
        caption = Text(self.reader.examples, self.reader.check)
        return {"image": Image(*self.image_shape), "caption": caption}

    def default_optimizers(self):
        """Returns Adam with the authors' learning rate of 2e-4, which they let decay."""
        return {"encoder": keras.optimizers.Adam(2e-4)}

    def call(self, inputs):
        return self.served_network("text_encoder")(inputs, training=False)

    # === Algorithm ===

    def train_step(self, batch):
        # Strings stay outside: the update may be compiled by XLA.
        numbers = self.reader(batch["caption"])
        draws = [
            self.noise("exchanged_word", (self.reader.length,), "hypercube")
            for _ in range(self.word_negatives)
        ]
        self.update("encoder", self.encoder_loss, numbers, batch["image"], *draws)
        return self.step_logs()

    def encoder_loss(self, numbers, images, *draws, training=True):
        """The hinge in both directions; `top_1` is how often a caption's own image comes first.

        With `word_negatives`, also the mean over changed captions t' of max(0, margin + s_i' - s_i)
        for the own image i: 0 where the caption could not be changed.
        """
        texts = self.text_encoder(numbers, training=training)
        features = self.image_encoder(images, training=training)
        to_image, to_text = joint_embedding_hinge(
            texts, features, numbers, self.group_size, self.margin
        )
        terms = {"text_to_image": to_image, "image_to_text": to_text}
        if draws:
            terms["word"] = self._word_loss(texts, features, numbers, draws, training)
        scores = tf.matmul(
            tf.reshape(texts, [-1, self.group_size, texts.shape[-1]]),
            tf.reshape(features, [-1, self.group_size, features.shape[-1]]),
            transpose_b=True,
        )
        best = tf.linalg.diag_part(scores) >= tf.reduce_max(scores, axis=-1)
        top_1 = tf.cast(tf.reshape(best, [-1]), tf.float32)
        return Loss(terms, {"top_1": top_1})

    def _word_loss(self, texts, features, numbers, draws, training):
        own = tf.reduce_sum(texts * features, axis=-1)
        losses = []
        for distance, draw in enumerate(draws, start=1):
            others = neighbours(numbers, distance, self.group_size)
            changed, is_changed = with_one_word_of(others, numbers, draw)
            score = tf.reduce_sum(self.text_encoder(changed, training=training) * features, axis=-1)
            losses.append(
                tf.where(is_changed, tf.nn.relu(self.margin + score - own), tf.zeros_like(own))
            )
        return tf.add_n(losses) / len(losses)

    # === Answers ===

    def embed(self, captions: Sequence[str]) -> np.ndarray:
        """Returns the embeddings `[N, embedding_size]` of captions.

        Raises:
            UserInputError: no list of texts, or a caption is empty, too long, or without a word of
                the vocabulary.
        """
        captions = checked_captions(captions)
        self.reader.check("caption", captions)
        return self.infer(self, self.reader(tf.constant(captions, tf.string)).numpy())

    def embed_images(self, images: np.ndarray) -> np.ndarray:
        """Returns the embeddings `[N, embedding_size]` of images in [-1, 1].

        Raises:
            UserInputError: on images of another shape or range.
        """
        images = checked_examples("images", images, Image(*self.image_shape))
        return self.infer(self._of_images, images)

    def _of_images(self, images):
        return self.served_network("image_encoder")(images, training=False)

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns a row for each example: its image, and the images nearest to its caption."""
        del seed
        images = np.asarray(examples["image"])[:num]
        captions = list(examples["caption"])[:num]
        scores = self.embed(captions) @ self.embed_images(images).T
        best = np.argsort(-scores, axis=1, kind="stable")[:, :_BEST]
        rows = np.concatenate([np.arange(len(images))[:, None], best], axis=1)
        return ImageGrid(images[rows.reshape(-1)], rows.shape[1])

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers."""

        def captions(num_rows):
            words = self.reader.examples
            made = [words[i % len(words)].encode() for i in range(num_rows)]
            return {"caption": np.array(made, object)}

        def images(num_rows):
            shape = (num_rows, *self.image_shape)
            return {"images": np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)}

        def of_caption(caption):
            return {"embedding": self(self.reader(self.reader.refuse("caption", caption)))}

        def of_images(images):
            return {"embedding": self._of_images(images)}

        return {
            "serving_default": Signature(
                of_caption,
                {"caption": tf.TensorSpec([None], tf.string, name="caption")},
                f"A caption per row, of at most {self.reader.limit}, to its embedding.",
                captions,
            ),
            "from_images": Signature(
                of_images,
                {"images": tf.TensorSpec([None, *self.image_shape], tf.float32, name="images")},
                "Images in [-1, 1] to their embeddings.",
                images,
                ranges={"images": (-1, 1)},
            ),
        }

    def get_config(self):
        return {**super().get_config(), **self.arguments}


def image_encoder(image_size, channels, embedding_size, filters=64, batch_norm_group_size=None):
    """Images to embeddings by repeated halving to 4 x 4.

    Args:
        image_size, channels, embedding_size, filters, batch_norm_group_size: see `CaptionEncoder`.

    Returns:
        `keras.Model` from `[B, image_size, image_size, channels]` to float32
        `[B, embedding_size]`.
    """
    images = keras.Input((image_size, image_size, channels), name="images")
    x = images
    for halving in range(1, num_doublings(image_size, 4) + 1):
        size = image_size // 2**halving
        x = layers.Conv2D(
            filters * 2 ** (halving - 1),
            4,
            strides=2,
            padding="same",
            use_bias=False,
            name=f"convolution_{size}",
        )(x)
        x = GhostBatchNormalization(batch_norm_group_size, name=f"norm_{size}")(x)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"leaky_relu_{size}")(x)
    x = layers.Flatten(name="features")(x)
    embedding = layers.Dense(embedding_size, dtype="float32", name="embedding")(x)
    return keras.Model(images, embedding, name="image_encoder")
