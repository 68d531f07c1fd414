"""A GAN of volumes: objects made of voxels."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import number, whole_number
from tfgan_suite.drawing import Clips, ImageGrid
from tfgan_suite.fields import Values, Volume
from tfgan_suite.losses import adversarial
from tfgan_suite.models.asked import checked_examples
from tfgan_suite.models.registry import register
from tfgan_suite.models.sampling import SamplesOfSeeds
from tfgan_suite.models.threed_gan.networks import (
    pooled_features,
    volume_discriminator,
    volume_generator,
)
from tfgan_suite.models.threed_gan.presets import PRESETS
from tfgan_suite.signatures import Signature, encode_png, shaded_views
from tfgan_suite.training import GenerativeModel, Loss
from tfgan_suite.training.noise import check_distribution

_ROUNDING = 1e-6
_TURNING = 24  # frames of a whole turn


@register("threed_gan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class ThreeDGAN(SamplesOfSeeds, GenerativeModel):
    """3D-GAN: objects as volumes of voxels; the discriminator waits while its accuracy is high.

    Source: [Wu et al., 2016](https://arxiv.org/abs/1610.07584).

    Args:
        side: int. Voxels along each side: 8, 16, 32 or 64.
        latent_size: int.
        filters: int. Channels of the stages next to the volume.
        accuracy_gate: float in [0, 1]. The discriminator is updated where its accuracy on a batch
            is at most this; 1 never stops it. The accuracy is measured on every batch.
        loss: see `GAN`.
        batch_norm_group_size: int or None. See `DCGAN`.
        latent_distribution: see `GAN`; the authors draw from `"hypercube"`, U(0, 1).
        ema_half_life, seed, name: see `GenerativeModel`.

    Call arguments:
        latents: `[B, latent_size]`. Returns occupancies in [0, 1], `[B, side, side, side, 1]`:
            depth, height, width.

    Raises:
        UserInputError: on an argument that the networks cannot be built with.

    Example:

    ```python
    model = ThreeDGAN(side=16, filters=8, latent_size=16)
    model.compile()
    model.fit((np.random.uniform(size=(64, 16, 16, 16, 1)) > 0.5).astype("float32"))
    occupancy = model.sample(seeds=range(4))
    views = model.views(occupancy)
    ```
    """

    presets = PRESETS
    samples_are = ("occupancy", "the occupancy of voxels in [0, 1]")

    def __init__(
        self,
        side: int = 64,
        latent_size: int = 200,
        filters: int = 64,
        accuracy_gate: float = 0.8,
        loss="non_saturating",
        batch_norm_group_size: int | None = None,
        latent_distribution: str = "hypercube",
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        self.arguments = {
            "side": side,
            "latent_size": whole_number("latent_size", latent_size, 1),
            "filters": whole_number("filters", filters, 1),
            "accuracy_gate": number("accuracy_gate", accuracy_gate, 0, 1),
            "batch_norm_group_size": batch_norm_group_size,
        }
        self.accuracy_gate = accuracy_gate
        self.latent_shape, self.sample_shape = (latent_size,), (side, side, side, 1)
        self.latent_distribution = check_distribution(latent_distribution)
        self.adversarial_loss = adversarial.get(loss)
        self.generator = volume_generator(side, latent_size, filters, batch_norm_group_size)
        self.discriminator = volume_discriminator(side, filters, batch_norm_group_size)
        self.declare_player("discriminator", "discriminator")
        self.declare_player("generator", "generator", served=True)

    def batch_spec(self):
        return {"volume": Volume(self.sample_shape[0])}

    def default_optimizers(self):
        """Returns Adam, beta_1 0.5, with 0.0025 for the generator and 1e-5 for the discriminator.

        The rates that ports of the authors' code quote; the authors released none for training.
        """
        return {
            "discriminator": keras.optimizers.Adam(1e-5, beta_1=0.5),
            "generator": keras.optimizers.Adam(0.0025, beta_1=0.5),
        }

    def call(self, latents):
        return self.served_network("generator")(latents, training=False)

    # === Algorithm ===

    def train_step(self, batch):
        real = batch["volume"]
        z = self.latents("discriminator_latents")
        self.update(
            "discriminator", self.discriminator_loss, real, z, when=self.discriminator_is_behind
        )
        self.update("generator", self.generator_loss, self.latents("generator_latents"), real)
        return self.step_logs()

    def latents(self, name: str):
        """Draws latents for this replica's examples."""
        return self.noise(name, self.latent_shape, self.latent_distribution)

    def discriminator_is_behind(self, values: dict[str, tf.Tensor]) -> tf.Tensor:
        """Returns whether D is updated: its accuracy is at most `accuracy_gate`."""
        return values["accuracy"] <= self.accuracy_gate + _ROUNDING

    def discriminator_loss(self, real, latents, training=True):
        """D's loss, and its accuracy: the share of volumes that it is right about."""
        fake = tf.stop_gradient(self.generator(latents, training=training))
        real_logits = self.discriminator(real, training=training)
        fake_logits = self.discriminator(fake, training=training)
        right = [tf.cast(logits[:, 0] > 0, tf.float32) for logits in (real_logits, -fake_logits)]
        return Loss(
            self.adversarial_loss.discriminator(real_logits, fake_logits),
            {
                "real_score": real_logits,
                "fake_score": fake_logits,
                "accuracy": (right[0] + right[1]) / 2,
            },
        )

    def generator_loss(self, latents, real, training=True):
        """G's loss; `real` is looked at only by losses that pair real and fake samples."""
        fake = self.generator(latents, training=training)
        fake_logits, real_logits = self.discriminator(fake, training=training), None
        if self.adversarial_loss.needs_real_in_generator:
            real_logits = self.discriminator(real, training=training)
        occupancy = tf.reduce_mean(fake, axis=[1, 2, 3, 4])
        return Loss(
            {"adversarial": self.adversarial_loss.generator(fake_logits, real_logits)},
            {"occupancy": occupancy},
        )

    # === Samples and signatures ===

    def views(self, volumes) -> np.ndarray:
        """Returns volumes as grey images from four sides, `[N, 64, 256, 1]` in [-1, 1].

        Args:
            volumes: `[N, side, side, side, 1]`, full above 0.5.

        Raises:
            UserInputError: volumes of another shape.
        """
        return self.infer(shaded_views, self._checked(volumes))

    def turning(self, volumes) -> np.ndarray:
        """Returns volumes that turn once about their upright axis, `[N, 24, 64, 64, 1]`.

        Args:
            volumes: see `views`.
        """
        frames = self.infer(_turning, self._checked(volumes), batch_size=4)
        return np.stack(np.split(frames, _TURNING, axis=2), axis=1)

    def features(self, volumes) -> np.ndarray:
        """Returns what the discriminator sees in volumes, by which the paper classifies them.

        Args:
            volumes: `[N, side, side, side, 1]` in [0, 1].

        Returns:
            float32 `[N, F]`, see `networks.pooled_features`.

        Raises:
            UserInputError: volumes of another shape.
        """
        return self.infer(self._features_of, self._checked(volumes))

    def _features_of(self, volumes):
        return tf.cast(pooled_features(self.discriminator)(volumes, training=False), tf.float32)

    def _checked(self, volumes):
        array = np.asarray(volumes)
        array = array.astype(np.float32) if array.dtype.kind in "biu" else volumes
        return checked_examples("volumes", array, Values(self.sample_shape))

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns samples of `num` seeds from `seed` on, each from four sides."""
        del examples
        return ImageGrid(self.views(self.sample(np.arange(seed, seed + num))), columns=2)

    def drawings(self):
        return {**super().drawings(), "turning": self.draw_turning}

    def draw_turning(self, num: int, seed: int = 0, examples=None):
        """Returns clips of the samples of `num` seeds from `seed` on, each turning once."""
        del examples
        return Clips(self.turning(self.sample(np.arange(seed, seed + num))))

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers: occupancies, and PNG files of four views."""
        signatures = super().signatures()
        from_seed = signatures["serving_default"]
        signatures["png"] = Signature(
            lambda seed: {"image_bytes": encode_png(shaded_views(self._sample_of(seed)))},
            from_seed.inputs,
            "A seed per row to PNG files of the volume from four sides.",
            from_seed.example,
        )
        return signatures

    def get_config(self):
        return {
            **super().get_config(),
            **self.arguments,
            "loss": adversarial.serialize(self.adversarial_loss),
            "latent_distribution": self.latent_distribution,
        }


def _turning(volumes):
    return shaded_views(volumes, [360 * turn / _TURNING for turn in range(_TURNING)])
