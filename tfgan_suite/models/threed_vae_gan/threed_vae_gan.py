"""Volumes made of images: 3D-GAN with an encoder."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import number, whole_number
from tfgan_suite.drawing import ImageGrid
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image, Values
from tfgan_suite.layers.group_moments import in_whole_vectors
from tfgan_suite.losses import standard_normal_divergence
from tfgan_suite.losses.reconstruction import euclidean
from tfgan_suite.models.asked import checked_examples
from tfgan_suite.models.registry import register
from tfgan_suite.models.threed_gan.threed_gan import ThreeDGAN
from tfgan_suite.models.threed_vae_gan.networks import image_encoder
from tfgan_suite.models.threed_vae_gan.presets import PRESETS
from tfgan_suite.signatures import (
    Signature,
    decode_images,
    encode_png,
    shaded_view,
    shaded_views,
)
from tfgan_suite.training import Loss

_DRAWN = 64  # pixels of a side in drawings, those of `shaded_views`


@register("threed_vae_gan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class ThreeDVAEGAN(ThreeDGAN):
    """3D-VAE-GAN: an encoder brings an image to the latents of the volume that it shows.

    Source: [Wu et al., 2016](https://arxiv.org/abs/1610.07584). Generator and discriminator are
    those of 3D-GAN, with latents from N(0, 1); the encoder is that of a variational autoencoder.
    The images are rendered in each step, from one of several sides of each volume.

    Args:
        side, latent_size, filters, accuracy_gate, loss: see `ThreeDGAN`.
        image_size: 32, 64, 128 or 256. Side of the images.
        encoder_filters: int. Channels of the encoder's first layer; see `networks.image_encoder`.
        num_turns: int. Sides that a volume is seen from in training: turns about its upright axis
            in equal steps, from above.
        kl_weight: float. Of the divergence of an image's latents from N(0, 1), summed over the
            latents.
        reconstruction_weight: float. Of the Euclidean distance, not squared, from the volume made
            of an image's latents to the true one, for encoder and generator alike.
        batch_norm_group_size: int or None. See `DCGAN`.
        ema_half_life, seed, name: see `GenerativeModel`.

    Call arguments:
        images: `[B, image_size, image_size, 1]` in [-1, 1], white where nothing is. Returns the
            occupancies made of their mean latents, `[B, side, side, side, 1]` in [0, 1].

    Raises:
        UserInputError: sizes that the networks cannot be built for, or a negative weight.

    Example:

    ```python
    model = ThreeDVAEGAN(side=16, filters=8, latent_size=16, image_size=32, encoder_filters=8)
    model.compile()
    volumes = (np.random.uniform(size=(64, 16, 16, 16, 1)) > 0.5).astype("float32")
    model.fit(volumes)
    images = model.render(volumes, turns=range(64))
    again = model.predict(images)
    ```
    """

    presets = PRESETS
    draws_examples = True

    def __init__(
        self,
        side: int = 64,
        latent_size: int = 200,
        filters: int = 64,
        image_size: int = 256,
        encoder_filters: int = 64,
        num_turns: int = 12,
        kl_weight: float = 5.0,
        reconstruction_weight: float = 1e-4,
        accuracy_gate: float = 0.8,
        loss="non_saturating",
        batch_norm_group_size: int | None = None,
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(
            side=side,
            latent_size=latent_size,
            filters=filters,
            accuracy_gate=accuracy_gate,
            loss=loss,
            batch_norm_group_size=batch_norm_group_size,
            latent_distribution="normal",
            ema_half_life=ema_half_life,
            seed=seed,
            name=name,
        )
        self.own_arguments = {
            "image_size": image_size,
            "encoder_filters": whole_number("encoder_filters", encoder_filters, 1),
            "num_turns": whole_number("num_turns", num_turns, 1),
            "kl_weight": number("kl_weight", kl_weight, 0, 1e9),
            "reconstruction_weight": number("reconstruction_weight", reconstruction_weight, 0, 1e9),
        }
        self.num_turns = num_turns
        self.kl_weight, self.reconstruction_weight = kl_weight, reconstruction_weight
        self.encoder = image_encoder(
            image_size, 1, latent_size, encoder_filters, batch_norm_group_size
        )
        self.image_shape = (image_size, image_size, 1)
        self.declare_player("encoder", "encoder", served=True)

    def default_optimizers(self):
        """Returns those of `ThreeDGAN`, and for the encoder that of the generator."""
        optimizers = super().default_optimizers()
        return {**optimizers, "encoder": keras.optimizers.Adam(0.0025, beta_1=0.5)}

    def call(self, images):
        return self._decoded(self._encoded(images)[0])

    # === Algorithm ===

    def train_step(self, batch):
        real = batch["volume"]
        z = self.latents("discriminator_latents")
        self.update(
            "discriminator", self.discriminator_loss, real, z, when=self.discriminator_is_behind
        )
        turns = tf.cast(self.noise("turns", (), "hypercube") * self.num_turns, tf.int32)
        images, epsilon = self._rendered((real, turns)), self.latents("encoded")
        self.update("encoder", self.encoder_loss, images, real, epsilon)
        z = self.latents("generator_latents")
        self.update("generator", self.generator_loss, z, real, images, epsilon)
        return self.step_logs()

    def encoder_loss(self, images, real, epsilon, training=True):
        """E's loss: how far the latents of images are from N(0, 1), and what is made of them."""
        mean, log_variance = self.encoder(images, training=training)
        divergence = standard_normal_divergence(mean, 0.5 * log_variance)
        distance = self._distance(mean, log_variance, real, epsilon, training)
        terms = {
            "kl": self.kl_weight * divergence,
            "reconstruction": self.reconstruction_weight * distance,
        }
        return Loss(terms, {"divergence": divergence, "distance": distance})

    def generator_loss(self, latents, real, images, epsilon, training=True):
        """G's loss in 3D-GAN, and how far the volumes of images are from the true ones."""
        loss = super().generator_loss(latents, real, training)
        encoded = [tf.stop_gradient(x) for x in self.encoder(images, training=training)]
        distance = self._distance(*encoded, real, epsilon, training)
        terms = {**loss.terms, "reconstruction": self.reconstruction_weight * distance}
        return Loss(terms, loss.monitors)

    def _distance(self, mean, log_variance, real, epsilon, training):
        latents = mean + tf.exp(0.5 * log_variance) * epsilon
        return euclidean(real, self.generator(latents, training=training))

    def _rendered(self, volumes_and_turns):
        volumes, turns = volumes_and_turns
        degrees = [360 * turn / self.num_turns for turn in range(self.num_turns)]
        # Noise below 1 may become `num_turns` by rounding.
        turns = tf.minimum(turns, self.num_turns - 1)
        return shaded_view(volumes, turns, degrees, size=self.image_shape[0])

    # === Samples and signatures ===

    def render(self, volumes, turns) -> np.ndarray:
        """Returns images of volumes as the encoder sees them, `[N, image_size, image_size, 1]`.

        Args:
            volumes: `[N, side, side, side, 1]`, full above 0.5.
            turns: ints `[N]`. The side that each is seen from; `num_turns` make a whole turn.

        Raises:
            UserInputError: volumes of another shape, or turns that are no whole numbers for each.
        """
        volumes, turns = self._checked(volumes), np.asarray(turns)
        if turns.shape != volumes.shape[:1] or turns.dtype.kind not in "iu":
            raise UserInputError(
                f"render takes a whole number as turn for each of the {len(volumes)} volumes. "
                f"Received turns of shape {turns.shape} and type {turns.dtype}."
            )
        turns = (turns % self.num_turns).astype(np.int32)
        return self.infer(self._rendered, (volumes, turns))

    def encode(self, images) -> np.ndarray:
        """Returns the mean latents `[N, latent_size]` of images, as `call` decodes them.

        Raises:
            UserInputError: images of another shape or range.
        """
        images = checked_examples("images", images, Image(*self.image_shape))
        return self.infer(self._encoded, images)[0]

    def decode(self, latents) -> np.ndarray:
        """Returns the occupancies `[N, side, side, side, 1]` of latents `[N, latent_size]`.

        Raises:
            UserInputError: latents of another shape, or not finite.
        """
        latents = checked_examples("latents", latents, Values(self.latent_shape))
        return self.infer(self._decoded, latents)

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns rows of an image, the volume made of it from four sides, and the true volume.

        Args:
            num: int. Rows.
            seed: int. Row i is seen at the turn `seed + i`.
            examples: dict with "volume", `[N, side, side, side, 1]`.
        """
        if examples is None:
            raise UserInputError("ThreeDVAEGAN draws examples: pass those of the field volume.")
        volumes = np.asarray(examples["volume"])[:num]
        images = self.render(volumes, seed + np.arange(len(volumes)))
        made = self.decode(self.encode(images))
        images = tf.image.resize(images, (_DRAWN, _DRAWN), "nearest").numpy()
        rows = [images, self.views(made), self.views(volumes)]
        return ImageGrid(np.concatenate(rows, axis=2), columns=1)

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers.

        Images to occupancies, image files to PNG files of four views, images to latents; seeds
        and latents to occupancies.
        """
        of_seeds = super().signatures()
        image = tf.TensorSpec([None, *self.image_shape], tf.float32, name="images")
        file = tf.TensorSpec([None], tf.string, name="image_bytes")

        def examples(num_rows):
            rng = np.random.default_rng(0)
            return {"images": rng.uniform(-1, 1, (num_rows, *self.image_shape)).astype(np.float32)}

        def example_files(num_rows):
            return {"image_bytes": encode_png(examples(num_rows)["images"]).numpy()}

        def occupancy(images):
            return {"occupancy": self.call(images)}  # Keras' own call may round images

        def png(image_bytes):
            images = decode_images(image_bytes, self.image_shape[:2], 1)
            return {"image_bytes": encode_png(shaded_views(self.call(images)))}

        def encode(images):
            mean, log_variance = self._encoded(images)
            return {"latents": mean, "deviations": in_whole_vectors(tf.exp, 0.5 * log_variance)}

        ranges = {"images": (-1, 1)}
        return {
            "serving_default": Signature(
                occupancy,
                {"images": image},
                "Images in [-1, 1] to the occupancy of voxels in [0, 1].",
                examples,
                ranges=ranges,
            ),
            "png": Signature(
                png,
                {"image_bytes": file},
                "Image files of any size to PNG files of the volume from four sides.",
                example_files,
            ),
            "encode": Signature(
                encode,
                {"images": image},
                "Images in [-1, 1] to the means and standard deviations of their latents.",
                examples,
                ranges=ranges,
            ),
            "from_seed": of_seeds["serving_default"],
            "from_latents": of_seeds["from_latents"],
        }

    def _encoded(self, images):
        return self.served_network("encoder")(images, training=False)

    def _decoded(self, latents):
        return tf.cast(self.served_network("generator")(latents, training=False), tf.float32)

    def get_config(self):
        config = {**super().get_config(), **self.own_arguments}
        del config["latent_distribution"]  # N(0, 1), always
        return config
