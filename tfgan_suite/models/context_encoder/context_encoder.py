"""Inpainting by a network that makes what an image hides from what it shows."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import number, one_of, whole_number
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image
from tfgan_suite.losses import adversarial
from tfgan_suite.losses.reconstruction import l1, l2
from tfgan_suite.models.asked import checked_examples
from tfgan_suite.models.context_encoder.holes import CELLS, random_regions
from tfgan_suite.models.context_encoder.networks import context_encoder
from tfgan_suite.models.context_encoder.presets import PRESETS
from tfgan_suite.models.registry import register
from tfgan_suite.models.translation import Input, grid_of_columns, translation_signatures
from tfgan_suite.networks import dcgan_discriminator, dcgan_generator
from tfgan_suite.signatures import (
    HOLE_FROM,
    Signature,
    checked_holes,
    decode_images_and_holes,
    encode_png,
)
from tfgan_suite.training import GenerativeModel, Loss

IMAGE_SIZES = (32, 64, 128)
HOLE_SIZES = (16, 32, 64)
HOLES = ("middle", "random")

MEAN_COLOUR = (123, 117, 104)
"""Levels of red, green and blue that stand in the hole: means of photographs."""

OVERLAP_WEIGHT = 10.0
"""Of the squared differences where what is made overlaps what is known."""


@register("context_encoder")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class ContextEncoder(GenerativeModel):
    """An encoder of images with a hole, and a decoder that makes what was there.

    Source: [Pathak et al., 2016](https://arxiv.org/abs/1604.07379). The square that is made is to
    be near to the truth in squared differences, which gives what is where, and to look real to a
    discriminator that sees nothing but such squares, which gives sharpness. The outermost pixels of
    the square are known: they are made, too, and count ten times, so that it fits without a seam.

    With random holes the whole image is made and judged, and what is known counts ten times.

    Args:
        image_size: 32, 64 or 128. Side of the images.
        hole_size: 16, 32 or 64, below `image_size`, or None. Side of the square in the middle that
            is made; None: half the image's. Of holes in the middle alone.
        overlap: int or None. Width of the border of this square that is known; what lies inside of
            it is the hole. None: a sixteenth of the square. Of holes in the middle alone.
        channels: int.
        filters: int. See `networks.context_encoder`; the last hidden stage of the decoder, and the
            first of the discriminator, have as many.
        bottleneck: int. Length of the code between encoder and decoder.
        batch_norm_group_size: int or None. `group_size` of `GhostBatchNormalization`.
        loss: see `GAN`.
        adversarial_weight: float in [0, 1]. Of the generator's adversarial term; what is left of 1
            is that of the squared differences. 0: no discriminator is trained.
        holes: "middle" or "random". Random ones are regions of any shape that hide a quarter of an
            image, drawn anew for each image of each step (`holes.random_regions`); users give
            their own.
        ema_half_life, seed, name: see `GenerativeModel`.

    Call arguments:
        images: `[B, image_size, image_size, channels]` in [-1, 1]. Returns them with the hole
            filled. What they hold there is not looked at, and known pixels stay as they are. With
            random holes `[images, masks]`: masks `[B, image_size, image_size, 1]` from 0, known,
            to 1, to be filled.

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
        holes: str = "middle",
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        one_of("image_size", image_size, IMAGE_SIZES)
        one_of("holes", holes, HOLES)
        self.is_random = holes == "random"
        if self.is_random:
            if hole_size is not None or overlap is not None:
                raise UserInputError(
                    "hole_size and overlap are of holes in the middle: leave them out with "
                    f"holes='random'. Received: {hole_size} and {overlap}."
                )
        else:
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
            "holes": holes,
        }
        made_size = image_size if self.is_random else hole_size
        self.image_size, self.hole_size, self.overlap = image_size, made_size, overlap or 0
        self.channels, self.adversarial_weight = channels, adversarial_weight
        self.adversarial_loss = adversarial.get(loss)
        self.encoder = context_encoder(
            image_size, channels, filters, bottleneck, batch_norm_group_size
        )
        shared = {
            "filters": filters,
            "kernel_size": 4,
            "batch_norm_group_size": batch_norm_group_size,
            "twice_filters": self.is_random,
        }
        self.decoder = dcgan_generator(
            made_size, channels, bottleneck, projection_norm="channels", name="decoder", **shared
        )
        self.discriminator = dcgan_discriminator(
            made_size, channels, name="discriminator", **shared
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
        if self.is_random:
            images, masks = images
            return self._filled(images, masks > HOLE_FROM)
        return self._filled(images)

    # === Algorithm ===

    def train_step(self, batch):
        images = [batch["image"]]
        if self.is_random:
            numbers = self.noise("holes", (CELLS, CELLS), "hypercube")
            images.append(random_regions(numbers, self.image_size))
        if self.adversarial_weight:
            self.update("discriminator", self.discriminator_loss, *images)
        self.update("generator", self.generator_loss, *images)
        return self.step_logs()

    def discriminator_loss(self, images, holes=None, training=True):
        """Is a square cut out of an image, or made?"""
        real_logits = self.discriminator(self.square(images), training=training)
        made = tf.stop_gradient(self._made(images, holes, training))
        fake_logits = self.discriminator(made, training=training)
        return Loss(
            self.adversarial_loss.discriminator(real_logits, fake_logits),
            {"real_score": real_logits, "fake_score": fake_logits},
        )

    def generator_loss(self, images, holes=None, training=True):
        """Squared differences to the truth, more so where it is known, and being taken for real."""
        made, true = self._made(images, holes, training), self.square(images)
        terms = {}
        if self.adversarial_weight < 1:
            distance = l2(true, made, self._weights(holes))
            terms["reconstruction"] = (1 - self.adversarial_weight) * distance
        if self.adversarial_weight:
            fake_logits = self.discriminator(made, training=training)
            real_logits = None
            if self.adversarial_loss.needs_real_in_generator:
                real_logits = self.discriminator(true, training=training)
            term = self.adversarial_loss.generator(fake_logits, real_logits)
            terms["adversarial"] = self.adversarial_weight * term
        return Loss(terms, {"distance": l1(true, made)})

    def _made(self, images, holes, training):
        codes = self.encoder(self.with_hole(images, holes), training=training)
        return self.decoder(codes, training=training)

    # === The hole ===

    def hole(self) -> np.ndarray:
        """Returns where images are filled: bool `[image_size, image_size, 1]`.

        Raises:
            UserInputError: holes are random.
        """
        if self.is_random:
            raise UserInputError("Holes are random: give some, such as those of random_holes(8).")
        hole = np.zeros((self.image_size, self.image_size, 1), bool)
        inside = slice(self._margin + self.overlap, -self._margin - self.overlap)
        hole[inside, inside] = True
        return hole

    def random_holes(self, num: int, seed: int = 0) -> np.ndarray:
        """Returns holes as those of a training: bool `[num, image_size, image_size, 1]`."""
        numbers = np.random.default_rng(seed).random((num, CELLS, CELLS), np.float32)
        return random_regions(numbers, self.image_size).numpy()

    def with_hole(self, images, holes=None):
        """Returns images `[B, image_size, image_size, channels]` as the encoder sees them.

        Args:
            images: in [-1, 1].
            holes: bool `[B, image_size, image_size, 1]`. None: the middle.
        """
        levels = MEAN_COLOUR if self.channels == 3 else [np.mean(MEAN_COLOUR)] * self.channels
        colour = np.array(levels, np.float32) / 127.5 - 1
        holes = self.hole() if holes is None else holes
        return tf.where(holes, tf.cast(colour, images.dtype), images)

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

    def _weights(self, holes):
        hole = self.square(self.hole()[None]) if holes is None else holes
        return tf.where(hole, np.float32(1), np.float32(OVERLAP_WEIGHT))

    # === Samples and signatures ===

    def inpaint(self, images, holes=None) -> np.ndarray:
        """Returns images, their holes filled.

        Args:
            images: `[N, image_size, image_size, channels]` in [-1, 1].
            holes: bool `[N, image_size, image_size]`, true where to fill. None: the middle, of a
                model without random holes.

        Returns:
            float32 `[N, image_size, image_size, channels]`.

        Raises:
            UserInputError: images or holes that do not fit, or a hole of nothing or of everything.
        """
        size = (self.image_size, self.image_size, self.channels)
        images = checked_examples("images", images, Image(*size))
        if not self.is_random:
            if holes is not None:
                raise UserInputError("The hole is in the middle: leave holes out.")
            return self.infer(self._filled, images, batch_size=32)
        holes = np.asarray(holes)
        if holes.shape != images.shape[:3] or holes.dtype != bool:
            raise UserInputError(
                f"holes must be bool of shape {images.shape[:3]}, true where to fill. Received: "
                f"{holes.dtype} of shape {holes.shape}."
            )
        share = holes.mean(axis=(1, 2))
        if share.min() == 0 or share.max() == 1:
            raise UserInputError("A hole marks none or all of its image; expected a part to fill.")
        return self.infer(self._filled_rows, (images, holes[..., None]), batch_size=32)

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns rows of an image with its hole, the same filled, the truth.

        Args:
            num: int. Rows.
            seed: int. Of random holes; an image with its hole has one answer.
            examples: dict with "image", `[N, H, W, C]`.
        """
        if examples is None:
            raise UserInputError("ContextEncoder draws examples: pass those of the field image.")
        images, holes = np.asarray(examples["image"])[:num], None
        if self.is_random:
            holes = self.random_holes(len(images), seed)
        filled = self.inpaint(images, None if holes is None else holes[..., 0])
        return grid_of_columns(self.with_hole(images, holes).numpy(), filled, images)

    def _filled(self, images, holes=None):
        codes = self.served_network("encoder")(self.with_hole(images, holes), training=False)
        made = self.served_network("decoder")(codes, training=False)
        holes = self.hole() if holes is None else holes
        return tf.where(holes, self._around(made), tf.cast(images, made.dtype))

    def _filled_rows(self, rows):
        return self._filled(*rows)

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers: images or files, filled."""
        shape = (self.image_size, self.image_size, self.channels)
        if not self.is_random:
            return translation_signatures(
                "serving_default",
                "png",
                # Not `call`: Keras would round known pixels to the policy's precision.
                self._filled,
                shape,
                self.channels,
                "the hole in their middle filled",
            )

        def filled(images, masks):
            return self._filled(images, checked_holes(masks > HOLE_FROM, "masks"))

        def masks(num_rows):
            return self.random_holes(num_rows).astype(np.float32)

        spec = tf.TensorSpec([None, *shape[:2], 1], tf.float32, name="masks")
        signatures = translation_signatures(
            "serving_default",
            None,
            filled,
            shape,
            self.channels,
            "filled where it is 1",
            {"masks": Input(spec, masks, (0, 1))},
        )
        if self.channels not in (1, 3, 4):
            return signatures

        def filled_files(image_bytes, mask_bytes):
            images, holes = decode_images_and_holes(
                image_bytes, mask_bytes, shape[:2], self.channels
            )
            return {"image_bytes": encode_png(self._filled(images, holes[..., None]))}

        def example_files(num_rows):
            images = signatures["serving_default"].example(num_rows)["images"]
            return {
                "image_bytes": encode_png(images).numpy(),
                "mask_bytes": encode_png(2 * masks(num_rows) - 1).numpy(),
            }

        files = tf.TensorSpec([None], tf.string)
        return {
            **signatures,
            "png": Signature(
                filled_files,
                {"image_bytes": files, "mask_bytes": files},
                "An image file and a mask of its size, white where it is to be filled, per row to "
                "PNG files.",
                example_files,
            ),
        }

    def get_config(self):
        return {
            **super().get_config(),
            **self.arguments,
            "loss": adversarial.serialize(self.adversarial_loss),
        }
