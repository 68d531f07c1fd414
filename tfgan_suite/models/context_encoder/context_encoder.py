"""Inpainting by a network that makes the middle of an image from what is around it."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import number, one_of, whole_number
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image
from tfgan_suite.losses import adversarial
from tfgan_suite.losses.reconstruction import l1, l2
from tfgan_suite.models.asked import checked_examples
from tfgan_suite.models.context_encoder.networks import context_encoder
from tfgan_suite.models.context_encoder.presets import PRESETS
from tfgan_suite.models.registry import register
from tfgan_suite.models.translation import grid_of_columns, translation_signatures
from tfgan_suite.networks import dcgan_discriminator, dcgan_generator
from tfgan_suite.signatures import Signature
from tfgan_suite.training import GenerativeModel, Loss

IMAGE_SIZES = (32, 64, 128)
HOLE_SIZES = (16, 32, 64)

MEAN_COLOUR = (123, 117, 104)
"""Levels of red, green and blue that stand in the hole: means of photographs."""

OVERLAP_WEIGHT = 10.0
"""Of the squared differences where what is made overlaps what is known."""


@register("context_encoder")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class ContextEncoder(GenerativeModel):
    """An encoder of images with a hole in the middle, and a decoder that makes what was there.

    Source: [Pathak et al., 2016](https://arxiv.org/abs/1604.07379). The square that is made is to
    be near to the truth in squared differences, which gives what is where, and to look real to a
    discriminator that sees nothing but such squares, which gives sharpness. The outermost pixels of
    the square are known: they are made, too, and count ten times, so that it fits without a seam.

    Args:
        image_size: 32, 64 or 128. Side of the images.
        hole_size: 16, 32 or 64, below `image_size`, or None. Side of the square in the middle that
            is made; None: half the image's.
        overlap: int or None. Width of the border of this square that is known; what lies inside of
            it is the hole. None: a sixteenth of the square.
        channels: int.
        filters: int. See `networks.context_encoder`; the last hidden stage of the decoder, and the
            first of the discriminator, have as many.
        bottleneck: int. Length of the code between encoder and decoder.
        batch_norm_group_size: int or None. `group_size` of `GhostBatchNormalization`.
        loss: see `GAN`.
        adversarial_weight: float in [0, 1]. Of the generator's adversarial term; what is left of 1
            is that of the squared differences. 0: no discriminator is trained.
        ema_half_life, seed, name: see `GenerativeModel`.

    Call arguments:
        images: `[B, image_size, image_size, channels]` in [-1, 1]. Returns them with the hole
            filled. What they hold there is not looked at, and known pixels stay as they are.

    Raises:
        UserInputError: sizes that the networks cannot be built for, or an overlap that leaves no
            hole.

    Example:

    ```python
    model = ContextEncoder(image_size=32, filters=8, bottleneck=64)
    model.compile()
    model.fit(images_a, batch_size=4)
    filled = model.inpaint(images_a)
    ```
    """

    presets = PRESETS
    draws_examples = True

    def __init__(
        self,
        image_size: int = 128,
        hole_size: int | None = None,
        overlap: int | None = None,
        channels: int = 3,
        filters: int = 64,
        bottleneck: int = 4000,
        batch_norm_group_size: int | None = None,
        loss="non_saturating",
        adversarial_weight: float = 0.001,
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        one_of("image_size", image_size, IMAGE_SIZES)
        hole_size = image_size // 2 if hole_size is None else hole_size
        one_of("hole_size", hole_size, [size for size in HOLE_SIZES if size < image_size])
        overlap = hole_size // 16 if overlap is None else overlap
        whole_number("overlap", overlap, 0, hole_size // 2 - 1)
        for argument, value in (
            ("channels", channels),
            ("filters", filters),
            ("bottleneck", bottleneck),
        ):
            whole_number(argument, value, 1)
        number("adversarial_weight", adversarial_weight, 0, 1)
        self.arguments = {
            "image_size": image_size,
            "hole_size": hole_size,
            "overlap": overlap,
            "channels": channels,
            "filters": filters,
            "bottleneck": bottleneck,
            "batch_norm_group_size": batch_norm_group_size,
            "adversarial_weight": adversarial_weight,
        }
        self.image_size, self.hole_size, self.overlap = image_size, hole_size, overlap
        self.channels, self.adversarial_weight = channels, adversarial_weight
        self.adversarial_loss = adversarial.get(loss)
        self.encoder = context_encoder(
            image_size, channels, filters, bottleneck, batch_norm_group_size
        )
        shared = {
            "filters": filters,
            "kernel_size": 4,
            "batch_norm_group_size": batch_norm_group_size,
        }
        self.decoder = dcgan_generator(
            hole_size, channels, bottleneck, projection_norm="channels", name="decoder", **shared
        )
        self.discriminator = dcgan_discriminator(
            hole_size, channels, name="discriminator", **shared
        )
        self.declare_player("discriminator", "discriminator")
        self.declare_player("generator", "encoder", "decoder", served=True)

    def batch_spec(self):
        return {"image": Image(self.image_size, self.image_size, self.channels)}

    def default_optimizers(self):
        """Returns the authors' Adam with beta_1 0.5: 2e-4, ten times as much for the generator."""
        return {
            player: keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.999, epsilon=1e-8)
            for player, rate in (("discriminator", 2e-4), ("generator", 2e-3))
        }

    def call(self, images):
        return self._filled(images)

    # === Algorithm ===

    def train_step(self, batch):
        images = batch["image"]
        if self.adversarial_weight:
            self.update("discriminator", self.discriminator_loss, images)
        self.update("generator", self.generator_loss, images)
        return self.step_logs()

    def discriminator_loss(self, images, training=True):
        """Is a square cut out of an image, or made?"""
        real_logits = self.discriminator(self.square(images), training=training)
        made = tf.stop_gradient(self._made(images, training))
        fake_logits = self.discriminator(made, training=training)
        return Loss(
            self.adversarial_loss.discriminator(real_logits, fake_logits),
            {"real_score": real_logits, "fake_score": fake_logits},
        )

    def generator_loss(self, images, training=True):
        """Squared differences to the truth, more so where it is known, and being taken for real."""
        made, true = self._made(images, training), self.square(images)
        terms = {}
        if self.adversarial_weight < 1:
            distance = l2(true, made, self._weights())
            terms["reconstruction"] = (1 - self.adversarial_weight) * distance
        if self.adversarial_weight:
            fake_logits = self.discriminator(made, training=training)
            real_logits = None
            if self.adversarial_loss.needs_real_in_generator:
                real_logits = self.discriminator(true, training=training)
            term = self.adversarial_loss.generator(fake_logits, real_logits)
            terms["adversarial"] = self.adversarial_weight * term
        return Loss(terms, {"distance": l1(true, made)})

    def _made(self, images, training):
        codes = self.encoder(self.with_hole(images), training=training)
        return self.decoder(codes, training=training)

    # === The hole ===

    def hole(self) -> np.ndarray:
        """Returns where images are filled: bool `[image_size, image_size, 1]`."""
        hole = np.zeros((self.image_size, self.image_size, 1), bool)
        inside = slice(self._margin + self.overlap, -self._margin - self.overlap)
        hole[inside, inside] = True
        return hole

    def with_hole(self, images):
        """Returns images `[B, image_size, image_size, channels]` as the encoder sees them."""
        levels = MEAN_COLOUR if self.channels == 3 else [np.mean(MEAN_COLOUR)] * self.channels
        colour = np.array(levels, np.float32) / 127.5 - 1
        return tf.where(self.hole(), tf.cast(colour, images.dtype), images)

    def square(self, images):
        """Returns the middle of images, as large as what is made."""
        inside = slice(self._margin, self._margin + self.hole_size)
        return images[:, inside, inside]

    def _around(self, squares):
        margins = [self._margin] * 2
        return tf.pad(squares, [[0, 0], margins, margins, [0, 0]])

    @property
    def _margin(self):
        return (self.image_size - self.hole_size) // 2

    def _weights(self):
        hole = self.square(self.hole()[None])
        return np.where(hole, np.float32(1), np.float32(OVERLAP_WEIGHT))

    # === Samples and signatures ===

    def inpaint(self, images) -> np.ndarray:
        """Returns images `[N, image_size, image_size, channels]` in [-1, 1], their hole filled."""
        size = (self.image_size, self.image_size, self.channels)
        images = checked_examples("images", images, Image(*size))
        return self.infer(self._filled, images, batch_size=32)

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns rows of an image with its hole, the same filled, the truth.

        Args:
            num: int. Rows.
            seed: int. Not used: an image has one answer.
            examples: dict with "image", `[N, H, W, C]`.
        """
        del seed
        if examples is None:
            raise UserInputError("ContextEncoder draws examples: pass those of the field image.")
        images = np.asarray(examples["image"])[:num]
        return grid_of_columns(self.with_hole(images).numpy(), self.inpaint(images), images)

    def _filled(self, images):
        codes = self.served_network("encoder")(self.with_hole(images), training=False)
        made = self.served_network("decoder")(codes, training=False)
        return tf.where(self.hole(), self._around(made), tf.cast(images, made.dtype))

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers: images or files, filled."""
        return translation_signatures(
            "serving_default",
            "png",
            self._filled,  # not `call`: Keras would round known pixels to the policy's precision
            (self.image_size, self.image_size, self.channels),
            self.channels,
            "the hole in their middle filled",
        )

    def get_config(self):
        return {
            **super().get_config(),
            **self.arguments,
            "loss": adversarial.serialize(self.adversarial_loss),
        }
