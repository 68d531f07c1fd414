"""CAN: a GAN of art whose samples belong to none of the styles."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tfgan_suite.data.options import number, whole_number
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import ClassId, Image
from tfgan_suite.losses import adversarial
from tfgan_suite.losses import ambiguity as ambiguities
from tfgan_suite.models.can import networks
from tfgan_suite.models.can.presets import PRESETS
from tfgan_suite.models.registry import register
from tfgan_suite.models.sampling import SamplesOfSeeds
from tfgan_suite.training import GenerativeModel, Loss
from tfgan_suite.training.noise import check_distribution


@register("can")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class CAN(SamplesOfSeeds, GenerativeModel):
    """A generator that is to make art, and to leave the discriminator unsure of its style.

    Source: [Elgammal et al., 2017](https://arxiv.org/abs/1706.07068). The style head of D learns on
    real images alone.

    Args:
        num_styles: int. There are the styles 0 to `num_styles - 1`.
        image_size: int. 4 doubled two to six times: 16 to 256.
        channels: int.
        latent_size: int.
        filters, max_filters: int. Channels of the generator's stage next to the image, and the most
            of any stage; the discriminator has half as many.
        style_units: two ints. Hidden units of the style head.
        ambiguity: `"binary"` (sigmoids, the published form) or `"softmax"`: see `losses.ambiguity`.
        ambiguity_weight: float. The paper's lambda, 1; 0 is a GAN.
        loss: see `GAN`.
        batch_norm_group_size: int or None. See `DCGAN`.
        latent_distribution, ema_half_life, seed, name: see `GAN`.

    Call arguments:
        latents: `[B, latent_size]`. Returns images `[B, H, W, C]` in [-1, 1].

    Raises:
        UserInputError: on an argument that the networks cannot be built with.

    Example:

    ```python
    can = CAN(num_styles=3, image_size=16, filters=8, max_filters=16, style_units=(16, 16))
    can.compile()
    styles = np.arange(64) % 3
    can.fit(np.random.uniform(-1, 1, (64, 16, 16, 3)).astype("float32"), styles)
    images = can.sample(seeds=range(4))
    ```
    """

    presets = PRESETS

    def __init__(
        self,
        num_styles: int = 25,
        image_size: int = 64,
        channels: int = 3,
        latent_size: int = 100,
        filters: int = 64,
        max_filters: int = 1024,
        style_units: Sequence[int] = (1024, 512),
        ambiguity: str = "binary",
        ambiguity_weight: float = 1.0,
        loss="non_saturating",
        batch_norm_group_size: int | None = None,
        latent_distribution: str = "normal",
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        whole_number("num_styles", num_styles, 2)
        whole_number("latent_size", latent_size, 1)
        whole_number("channels", channels, 1)
        whole_number("filters", filters, 2)
        whole_number("max_filters", max_filters, 2)
        number("ambiguity_weight", ambiguity_weight, 0, 1e9)
        if not isinstance(style_units, Sequence) or isinstance(style_units, str):
            raise UserInputError(f"style_units are whole numbers. Received: {style_units!r}.")
        for units in style_units:
            whole_number("style_units", units, 1)
        self.arguments = {
            "num_styles": num_styles,
            "image_size": image_size,
            "channels": channels,
            "latent_size": latent_size,
            "filters": filters,
            "max_filters": max_filters,
            "style_units": tuple(style_units),
            "ambiguity": ambiguity,
            "ambiguity_weight": ambiguity_weight,
            "batch_norm_group_size": batch_norm_group_size,
        }
        self.num_styles = num_styles
        self.latent_shape, self.sample_shape = (latent_size,), (image_size, image_size, channels)
        self.latent_distribution = check_distribution(latent_distribution)
        self.adversarial_loss = adversarial.get(loss)
        if self.adversarial_loss.needs_real_in_generator:
            raise UserInputError(f"CAN's generator sees no real images, as {loss!r} wants it to.")
        self.ambiguity, self.ambiguity_weight = ambiguities.get(ambiguity), ambiguity_weight
        self.generator = networks.can_generator(
            image_size, channels, latent_size, filters, max_filters, batch_norm_group_size
        )
        self.discriminator = networks.can_discriminator(
            image_size,
            channels,
            num_styles,
            filters // 2,
            max_filters // 2,
            style_units,
            batch_norm_group_size,
        )
        self.declare_player("discriminator", "discriminator")
        self.declare_player("generator", "generator", served=True)

    def batch_spec(self):
        return {
            "image": Image(*self.sample_shape),
            "label": ClassId(self.num_styles, all_needed=True, argument="num_styles"),
        }

    def default_optimizers(self):
        """Returns Adam 1e-4 with beta_1 0.5 for both: the most used port's."""
        return {
            player: keras.optimizers.Adam(1e-4, beta_1=0.5)
            for player in ("discriminator", "generator")
        }

    def call(self, latents):
        return self.served_network("generator")(latents, training=False)

    # === Algorithm ===

    def train_step(self, batch):
        z = self.latents("discriminator_latents")
        self.update("discriminator", self.discriminator_loss, batch["image"], batch["label"], z)
        self.update("generator", self.generator_loss, self.latents("generator_latents"))
        return self.step_logs()

    def latents(self, name: str):
        """Draws latents for this replica's examples."""
        return self.noise(name, self.latent_shape, self.latent_distribution)

    def discriminator_loss(self, real, style, latents, training=True):
        """D's loss: real or fake, and the styles of the real ones."""
        fake = tf.stop_gradient(self.generator(latents, training=training))
        real_logits, style_logits = self.discriminator(real, training=training)
        fake_logits, _ = self.discriminator(fake, training=training)
        terms = self.adversarial_loss.discriminator(real_logits, fake_logits)
        terms["style"] = tf.nn.sparse_softmax_cross_entropy_with_logits(style, style_logits)
        right = tf.cast(
            tf.argmax(style_logits, axis=-1, output_type=style.dtype) == style, tf.float32
        )
        return Loss(
            terms,
            {"real_score": real_logits, "fake_score": fake_logits, "style_accuracy": right},
        )

    def generator_loss(self, latents, training=True):
        """G's loss: to be taken for art, and for art of no style."""
        fake = self.generator(latents, training=training)
        logits, style_logits = self.discriminator(fake, training=training)
        ambiguity_of_fake = self.ambiguity(style_logits)
        return Loss(
            {
                "adversarial": self.adversarial_loss.generator(logits),
                "ambiguity": self.ambiguity_weight * ambiguity_of_fake,
            },
            {"style_ambiguity": ambiguity_of_fake},
        )

    def _logits_of(self, samples):
        return self.discriminator(samples, training=False)[0]

    def get_config(self):
        return {
            **super().get_config(),
            **self.arguments,
            "loss": adversarial.serialize(self.adversarial_loss),
            "latent_distribution": self.latent_distribution,
        }
