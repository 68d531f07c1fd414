"""Clips from latents: a moving foreground over a still background."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import number, whole_number
from tfgan_suite.drawing import Clips
from tfgan_suite.fields import Clip
from tfgan_suite.losses import adversarial
from tfgan_suite.losses.per_example import mean_per_example
from tfgan_suite.models.registry import register
from tfgan_suite.models.sampling import SamplesOfSeeds
from tfgan_suite.models.vgan.networks import vgan_discriminator, vgan_generator
from tfgan_suite.models.vgan.presets import PRESETS
from tfgan_suite.signatures import Signature, encode_gif
from tfgan_suite.training import GenerativeModel, Loss


@register("vgan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class VGAN(SamplesOfSeeds, GenerativeModel):
    """A GAN of short clips, in front of a camera that stands still.

    Source: [Vondrick et al., 2016](https://arxiv.org/abs/1609.02612). The generator makes a
    foreground that moves, a mask that says where it is seen, and one background for all frames;
    the discriminator judges the whole clip. A penalty keeps the mask small, so that what does not
    move is left to the background.

    Args:
        image_size: int. 4 doubled one to five times.
        num_frames: int. A multiple of `2 ** doublings`.
        channels: int.
        latent_size: int.
        filters: int. Channels before the generator's last and behind the discriminator's first
            layer.
        batch_norm_group_size: int or None. See `DCGAN`.
        mask_weight: float. Of the mean of the mask, which is the L1 penalty.
        loss: see `GAN`.
        ema_half_life, seed, name: see `GenerativeModel`.

    Call arguments:
        latents: `[B, latent_size]`, standard normal. Returns clips
            `[B, num_frames, image_size, image_size, channels]` in [-1, 1].

    Raises:
        UserInputError: sizes that the networks cannot be built for.

    Example:

    ```python
    vgan = VGAN(image_size=32, num_frames=8, filters=4)
    vgan.compile()
    vgan.fit(clips, batch_size=8)  # float32 [N, 8, 32, 32, 3] in [-1, 1]
    clip = vgan.sample([0])[0]
    ```
    """

    presets = PRESETS
    latent_distribution = "normal"

    def __init__(
        self,
        image_size: int = 64,
        num_frames: int = 32,
        channels: int = 3,
        latent_size: int = 100,
        filters: int = 64,
        batch_norm_group_size: int | None = None,
        mask_weight: float = 0.1,
        loss="non_saturating",
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        self.arguments = {
            "image_size": image_size,
            "num_frames": num_frames,
            "channels": channels,
            "latent_size": latent_size,
            "filters": filters,
            "batch_norm_group_size": batch_norm_group_size,
            "mask_weight": mask_weight,
        }
        for argument in ("channels", "latent_size", "filters"):
            whole_number(argument, self.arguments[argument], 1)
        self.mask_weight = number("mask_weight", mask_weight, 0, 1e9)
        self.latent_shape = (latent_size,)
        self.sample_shape = (num_frames, image_size, image_size, channels)
        self.adversarial_loss = adversarial.get(loss)
        shape = {
            "image_size": image_size,
            "num_frames": num_frames,
            "channels": channels,
            "filters": filters,
            "batch_norm_group_size": batch_norm_group_size,
        }
        self.generator = vgan_generator(**shape, latent_size=latent_size, name="generator")
        self.discriminator = vgan_discriminator(**shape, name="discriminator")
        self.declare_player("discriminator", "discriminator")
        self.declare_player("generator", "generator", served=True)

    def batch_spec(self):
        return {"clip": Clip(*self.sample_shape)}

    def default_optimizers(self):
        """Returns the paper's Adam 2e-4, beta_1 0.5."""
        return {
            player: keras.optimizers.Adam(2e-4, beta_1=0.5, epsilon=1e-8)
            for player in ("discriminator", "generator")
        }

    def call(self, latents):
        return self.served_network("generator")(latents, training=False)[0]

    # === Algorithm ===

    def train_step(self, batch):
        clip = batch["clip"]
        z = self.noise("discriminator_latents", self.latent_shape)
        self.update("discriminator", self.discriminator_loss, clip, z)
        z = self.noise("generator_latents", self.latent_shape)
        self.update("generator", self.generator_loss, z, clip)
        return self.step_logs()

    def discriminator_loss(self, real, latents, training=True):
        """Half of D's loss, as the authors have it; real and fake go through it separately."""
        fake = tf.stop_gradient(self.generator(latents, training=training)[0])
        real_logits = self.discriminator(real, training=training)
        fake_logits = self.discriminator(fake, training=training)
        terms = self.adversarial_loss.discriminator(real_logits, fake_logits)
        return Loss(
            {name: term / 2 for name, term in terms.items()},
            {"real_score": real_logits, "fake_score": fake_logits},
        )

    def generator_loss(self, latents, real, training=True):
        """G's adversarial term and the mask's penalty.

        Args:
            latents: `[B, latent_size]`.
            real: `[B, T, H, W, C]`, looked at only by losses that pair real and fake samples.
            training: bool. Mode of the networks.
        """
        fake, mask = self.generator(latents, training=training)
        fake_logits, real_logits = self.discriminator(fake, training=training), None
        if self.adversarial_loss.needs_real_in_generator:
            real_logits = self.discriminator(real, training=training)
        share = mean_per_example(mask)
        terms = {"adversarial": self.adversarial_loss.generator(fake_logits, real_logits)}
        if self.mask_weight:
            terms["mask"] = self.mask_weight * share
        return Loss(terms, {"mask_share": share})

    # === Samples and signatures ===

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns the clips of `num` seeds from `seed` on."""
        del examples
        return Clips(self.sample(np.arange(seed, seed + num)))

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers: clips, and animated GIF files."""
        signatures = super().signatures()
        if self.sample_shape[-1] in (1, 3):
            from_seed = signatures["serving_default"]
            signatures["gif"] = Signature(
                lambda seed: {"image_bytes": encode_gif(self._sample_of(seed))},
                from_seed.inputs,
                "A seed per row to animated GIF files.",
                from_seed.example,
            )
        return signatures

    def get_config(self):
        return {
            **super().get_config(),
            **self.arguments,
            "loss": adversarial.serialize(self.adversarial_loss),
        }
