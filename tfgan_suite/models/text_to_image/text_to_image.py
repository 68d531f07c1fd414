"""Images of what a caption says."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import flag, number, one_of, whole_number
from tfgan_suite.drawing import ImageGrid
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image
from tfgan_suite.losses import matching_aware_terms
from tfgan_suite.models import registry
from tfgan_suite.models.asked import checked_seeds
from tfgan_suite.models.captioned import SEED_AND_CAPTION, CaptionedModel
from tfgan_suite.models.text_to_image import networks
from tfgan_suite.models.text_to_image.presets import PRESETS
from tfgan_suite.signatures import (
    LATENT_RANGE,
    Condition,
    LatentSpace,
    Signature,
    encode_png,
    latents_from_seeds,
)
from tfgan_suite.training import Loss

ALGORITHMS = ("gan", "cls", "int", "int_cls")
_COLUMNS = 8  # of a drawing: an example's image and samples of its caption


@registry.register("text_to_image")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class TextToImageGAN(CaptionedModel):
    """A DCGAN whose networks are shown the embedding of a caption: GAN-CLS, GAN-INT, GAN-INT-CLS.

    Source: [Reed et al., 2016](https://arxiv.org/abs/1605.05396).

    Args:
        algorithm: `"gan"`: D sees images with their captions. `"cls"`: also real images with a
            caption that is not theirs, which it has to refuse. `"int"`: G also learns on embeddings
            between two captions. `"int_cls"`: both.
        caption_encoder: str or None. File `.keras` of a trained `CaptionEncoder`, or folder of its
            run: its vocabulary and text encoder are taken over.
        vocabulary: list of str. Words that captions are read by, where no `caption_encoder` is
            given.
        text_encoder: `keras.Model` or None. Captions to embeddings: from numbers of words, int
            `[B, max_words]`, or from strings `[B]`, which needs no vocabulary. Never trained here.
            None without a `caption_encoder`: what `word_encoder` names.
        max_words: int. Words that a caption may have.
        max_characters: int or None. Of a `text_encoder` that takes numbers of characters
            (`signatures.Characters`): how many a caption may have.
        embedding_size: int. Of the text encoder of random weights.
        word_encoder: `"gru"`, a recurrent network of random weights, which tells captions apart and
            knows nothing of images; or `"bag_of_words"`, 1 for each word of the vocabulary that the
            caption has, else 0. Used where no other encoder is given.
        image_size: int. 4 doubled one to five times.
        channels: int.
        latent_size: int.
        text_size: int. What each network brings the embedding to.
        generator_filters: int. See `networks.generator`.
        discriminator_filters: int. See `networks.discriminator`.
        bottlenecks: bool. Whether both networks have the authors' residual bottlenecks.
        interpolation: float in [0, 1]. Share of the caption's own embedding between two captions.
        interpolation_weight: float. Weight of G's loss on these, beside 1 on captions.
        batch_norm_group_size: int or None. See `DCGAN`.
        latent_distribution, ema_half_life, seed, name: see `GAN`.

    Call arguments:
        inputs: `[latents, embedding]`, float32 `[B, latent_size]` and `[B, embedding_size]`; see
            `embed`. Returns images `[B, H, W, C]` in [-1, 1].

    Raises:
        UserInputError: on an argument that the networks cannot be built with, or an encoder that
            cannot be read.

    Example:

    ```python
    gan = TextToImageGAN(
        vocabulary=["red", "blue"], image_size=8, generator_filters=4, discriminator_filters=4
    )
    gan.compile()
    colours = np.arange(64) % 2
    image = np.ones((64, 8, 8, 3), "float32") * (2 * colours - 1)[:, None, None, None]
    gan.fit({"image": image, "caption": np.array(["red", "blue"])[colours]})
    images = gan.sample(seeds=range(2), captions=["red", "blue"])
    ```
    """

    presets = PRESETS
    draws_examples = True

    def __init__(
        self,
        algorithm: str = "int_cls",
        caption_encoder: str | None = None,
        vocabulary: Sequence[str] = (),
        text_encoder: keras.Model | None = None,
        max_words: int = 16,
        max_characters: int | None = None,
        embedding_size: int = 1024,
        word_encoder: str = "gru",
        image_size: int = 64,
        channels: int = 3,
        latent_size: int = 100,
        text_size: int = 128,
        generator_filters: int = 128,
        discriminator_filters: int = 64,
        bottlenecks: bool = True,
        interpolation: float = 0.5,
        interpolation_weight: float = 0.5,
        batch_norm_group_size: int | None = None,
        latent_distribution: str = "normal",
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        one_of("algorithm", algorithm, ALGORITHMS)
        for argument, value in {
            "embedding_size": embedding_size,
            "latent_size": latent_size,
            "text_size": text_size,
            "generator_filters": generator_filters,
            "discriminator_filters": discriminator_filters,
        }.items():
            whole_number(argument, value, 1)
        number("interpolation", interpolation, 0, 1)
        number("interpolation_weight", interpolation_weight, 0, 1e3)
        reading = self.take_captions(
            caption_encoder,
            vocabulary,
            text_encoder,
            max_words,
            max_characters,
            embedding_size,
            word_encoder,
        )
        self.arguments = {
            "algorithm": algorithm,
            **reading,
            "image_size": image_size,
            "channels": channels,
            "latent_size": latent_size,
            "text_size": text_size,
            "generator_filters": generator_filters,
            "discriminator_filters": discriminator_filters,
            "bottlenecks": flag("bottlenecks", bottlenecks),
            "interpolation": interpolation,
            "interpolation_weight": interpolation_weight,
            "batch_norm_group_size": batch_norm_group_size,
            "latent_distribution": latent_distribution,
        }
        self.latent_size, self.latent_distribution = latent_size, latent_distribution
        self.image_shape = (image_size, image_size, channels)
        self.sees_wrong_pairs = algorithm in ("cls", "int_cls")
        self.interpolates = algorithm in ("int", "int_cls")
        self.interpolation = float(interpolation)
        self.interpolation_weight = float(interpolation_weight)
        shared = {
            "image_size": image_size,
            "channels": channels,
            "embedding_size": self.arguments["embedding_size"],
            "text_size": text_size,
            "bottlenecks": bottlenecks,
            "batch_norm_group_size": batch_norm_group_size,
        }
        self.generator = networks.generator(
            latent_size=latent_size, filters=generator_filters, **shared
        )
        self.discriminator = networks.discriminator(filters=discriminator_filters, **shared)
        self.declare_player("discriminator", "discriminator")
        self.declare_player("generator", "generator", served=True)
        self.declare_text_encoder()

    def batch_spec(self):
        image = Image(*self.image_shape)
        spec = {"image": image, "caption": self.caption_field()}
        if self.sees_wrong_pairs:
            spec["other_image"] = image.of_another("caption")
        return spec

    def default_optimizers(self):
        """Returns Adam 2e-4, beta_1 0.5, epsilon 1e-8; the authors halve the rate now and then."""
        return {
            player: keras.optimizers.Adam(2e-4, beta_1=0.5, epsilon=1e-8)
            for player in ("discriminator", "generator")
        }

    def call(self, inputs):
        return self.served_network("generator")(inputs, training=False)

    # === Algorithm ===

    def train_step(self, batch):
        # Outside of the updates: nobody trains the encoder, and XLA takes no strings.
        text = self.embedding_of(self.text_encoder, batch["caption"])
        z = self.noise("discriminator_latents", (self.latent_size,), self.latent_distribution)
        wrong = [batch["other_image"]] if self.sees_wrong_pairs else []
        self.update("discriminator", self.discriminator_loss, batch["image"], text, z, *wrong)
        z = self.noise("generator_latents", (self.latent_size,), self.latent_distribution)
        between = []
        if self.interpolates:
            other_z = self.noise("between", (self.latent_size,), self.latent_distribution)
            between = [between_neighbours(text, self.interpolation), other_z]
        self.update("generator", self.generator_loss, text, z, *between)
        return self.step_logs()

    def discriminator_loss(self, real, text, latents, wrong=None, training=True):
        """-log D(x, t) - 1/2 log(1 - D(x', t)) - 1/2 log(1 - D(G(z, t), t)).

        x' is an image of another caption; without it, the last term has weight 1. Each kind of pair
        goes through D alone, since batch norm would mix them.
        """
        fake = tf.stop_gradient(self.generator([latents, text], training=training))
        real_logits = self.discriminator([real, text], training=training)[:, 0]
        fake_logits = self.discriminator([fake, text], training=training)[:, 0]
        scores = {"real_score": real_logits, "fake_score": fake_logits}
        wrong_logits = None
        if wrong is not None:
            wrong_logits = self.discriminator([wrong, text], training=training)[:, 0]
            scores["wrong_score"] = wrong_logits
        return Loss(matching_aware_terms(real_logits, fake_logits, wrong_logits), scores)

    def generator_loss(self, text, latents, between=None, other_latents=None, training=True):
        """-log D(G(z, t), t), and the same with embeddings between two captions."""

        def adversarial(latents, text):
            fake = self.generator([latents, text], training=training)
            return tf.nn.softplus(-self.discriminator([fake, text], training=training)[:, 0])

        terms = {"adversarial": adversarial(latents, text)}
        if between is not None:
            of_between = adversarial(other_latents, between)
            terms["interpolated"] = self.interpolation_weight * of_between
        return Loss(terms)

    # === Samples and signatures ===

    def sample(self, seeds, captions: Sequence[str]) -> np.ndarray:
        """Returns images `[N, H, W, C]` in [-1, 1], as the servable's `serving_default` does.

        Args:
            seeds: ints `[N]`.
            captions: list of str, one for each seed.

        Raises:
            UserInputError: on other seeds or another number of them, or on a caption that is empty,
                too long, or without a word of the vocabulary.
        """
        embedding = self.embed(captions)
        seeds = checked_seeds(seeds, len(embedding))
        inputs = {"latents": self._latents_of(tf.constant(seeds)).numpy(), "embedding": embedding}
        return self.infer(self._sample_of, inputs)

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns a row for each example: its image, then samples of its caption."""
        images = np.asarray(examples["image"])[:num]
        captions = np.repeat(list(examples["caption"])[:num], _COLUMNS - 1)
        seeds = np.tile(np.arange(seed, seed + _COLUMNS - 1), len(images))
        samples = self.sample(seeds, captions).reshape(len(images), _COLUMNS - 1, *images.shape[1:])
        rows = np.concatenate([images[:, None], samples], axis=1)
        return ImageGrid(rows.reshape(-1, *images.shape[1:]), _COLUMNS)

    def latent_spaces(self) -> dict[str, LatentSpace]:
        """Returns the space z of the latents; a caption's embedding goes with each point."""
        size = self.arguments["embedding_size"]
        embedding = Condition(
            tf.TensorSpec([None, size], tf.float32, name="embedding"),
            parse=lambda caption: self.embed([caption])[0],
            example=lambda num_rows: _some_embeddings(num_rows, size),
        )

        def decode(points, given):
            return self._sample_of({"latents": points, **given})

        def judge(images, given):
            return self.discriminator([images, given["embedding"]], training=False)

        return {
            "z": LatentSpace(
                (self.latent_size,),
                self.image_shape,
                decode,
                self._latents_of,
                self.latent_distribution,
                {"embedding": embedding},
                judge,
            )
        }

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers."""
        inputs = SEED_AND_CAPTION
        size = self.arguments["embedding_size"]
        latents = tf.TensorSpec([None, self.latent_size], tf.float32, name="latents")
        embedding = tf.TensorSpec([None, size], tf.float32, name="embedding")

        def example_of_embeddings(num_rows):
            drawn = self._latents_of(tf.range(num_rows, dtype=tf.int64)).numpy()
            return {"latents": drawn, "embedding": _some_embeddings(num_rows, size)}

        def from_seed(seed, caption):
            return from_embedding(self._latents_of(seed), self.served_embedding(caption))

        def from_embedding(latents, embedding):
            return {"images": self._sample_of({"latents": latents, "embedding": embedding})}

        def png(seed, caption):
            return {"image_bytes": encode_png(from_seed(seed, caption)["images"])}

        what = self.seed_and_caption()
        signatures = {
            "serving_default": Signature(
                from_seed, inputs, f"{what} to images in [-1, 1].", self.example_of_captions
            ),
            "from_embedding": Signature(
                from_embedding,
                {"latents": latents, "embedding": embedding},
                f"Latents ({self.latent_distribution}) and the embedding of a caption to images "
                "in [-1, 1].",
                example_of_embeddings,
                ranges={"latents": LATENT_RANGE},
            ),
        }
        if self.image_shape[-1] in (1, 3, 4):
            signatures["png"] = Signature(
                png, inputs, f"{what} to PNG files.", self.example_of_captions
            )
        return signatures

    def _sample_of(self, inputs):
        return tf.cast(self([inputs["latents"], inputs["embedding"]]), tf.float32)

    def _latents_of(self, seeds):
        return latents_from_seeds(seeds, self.latent_size, self.latent_distribution)

    def get_config(self):
        return {**super().get_config(), **self.arguments}


def _some_embeddings(num_rows, size):
    return np.random.default_rng(0).normal(size=(num_rows, size)).astype(np.float32)


def between_neighbours(text: tf.Tensor, share: float) -> tf.Tensor:
    """Returns embeddings between those of two captions.

    The rows 0 and 1, 2 and 3 ... are neighbours: a replica's own, whatever the number of replicas.

    Args:
        text: float32 `[B, size]`; B is even.
        share: float. Of a row's own embedding; the rest is its neighbour's.

    Raises:
        UserInputError: B is odd.
    """
    if text.shape[0] is not None and text.shape[0] % 2:
        raise UserInputError(
            f"Captions are interpolated in pairs; the batch of a device has {text.shape[0]}. "
            "Choose an even one."
        )
    pairs = tf.reshape(text, [-1, 2, text.shape[-1]])
    return tf.reshape(share * pairs + (1 - share) * tf.reverse(pairs, [1]), tf.shape(text))
