"""Translation that is learnt from pairs of images."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import flag, number, one_of, whole_number
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image
from tfgan_suite.layers import seeded_rows
from tfgan_suite.losses import adversarial
from tfgan_suite.losses.reconstruction import l1
from tfgan_suite.models.asked import checked_examples, checked_seeds
from tfgan_suite.models.pix2pix.presets import PRESETS
from tfgan_suite.models.registry import register
from tfgan_suite.models.translation import (
    examples_to_draw,
    grid_of_columns,
    seed_input,
    translation_signatures,
)
from tfgan_suite.networks import patchgan_discriminator, unet
from tfgan_suite.networks.image_size import height_and_width
from tfgan_suite.networks.patchgan import PATCH_SIZES
from tfgan_suite.signatures import Signature
from tfgan_suite.training import GenerativeModel, Loss


@register("pix2pix")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class Pix2Pix(GenerativeModel):
    """A translator from images a to images b, learnt from pairs of them.

    Source: [Isola et al., 2017](https://arxiv.org/abs/1611.07004). The generator is to be near to
    the true b in L1, which takes care of what is where, and to look real beside its a to a
    discriminator that judges patches, which takes care of texture. Its noise is dropout, which
    stays on when it answers: each answer is a function of an image and a seed.

    Args:
        image_size: int or (height, width): multiples of `2**num_downsamplings`.
        channels_a, channels_b: int. Channels of the two images of a pair.
        filters: int. Channels of the U-Net's first layer.
        num_downsamplings: int or None. How often the U-Net halves the image; None: until its
            shorter side is 1 pixel.
        dropout: float in [0, 1). In the first three layers of the decoder; 0: no noise, so that
            answers take no seed.
        discriminator_filters: int. Channels of the discriminator's first layer.
        patch_size: 1, 16, 34, 70, 142 or 286. Side of the patches that it judges, in pixels.
        conditional: bool. Whether it sees a beside b. False is the paper's ablation "GAN".
        loss: see `GAN`.
        adversarial_weight: float. Of the generator's adversarial term; 0: L1 alone, and nothing is
            trained against it.
        l1_weight: float. Of `mean |b - G(a)|`; 0: the discriminator alone.
        ema_half_life, seed, name: see `GenerativeModel`.

    Call arguments:
        images: `[B, height, width, channels_a]` in [-1, 1]. Returns their translations with the
            dropout of seed 0; `translate` takes seeds.

    Raises:
        UserInputError: sizes that the networks cannot be built for, no loss left, or another
            `patch_size`.

    Example:

    ```python
    model = Pix2Pix(image_size=32, filters=8, discriminator_filters=8, patch_size=16)
    model.compile()
    model.fit({"a": images_a, "b": images_b}, batch_size=4)
    translations = model.translate(images_a, seeds=range(len(images_a)))
    ```
    """

    presets = PRESETS
    draws_examples = True

    def __init__(
        self,
        image_size=256,
        channels_a: int = 3,
        channels_b: int = 3,
        filters: int = 64,
        num_downsamplings: int | None = None,
        dropout: float = 0.5,
        discriminator_filters: int = 64,
        patch_size: int = 70,
        conditional: bool = True,
        loss="non_saturating",
        adversarial_weight: float = 1.0,
        l1_weight: float = 100.0,
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        for argument, value in (
            ("channels_a", channels_a),
            ("channels_b", channels_b),
            ("filters", filters),
            ("discriminator_filters", discriminator_filters),
        ):
            whole_number(argument, value, 1)
        one_of("patch_size", patch_size, PATCH_SIZES)
        number("adversarial_weight", adversarial_weight, 0, 1e9)
        number("l1_weight", l1_weight, 0, 1e9)
        if not adversarial_weight and not l1_weight:
            raise UserInputError(
                "adversarial_weight and l1_weight are both 0: the generator has nothing to learn "
                "from. Set one of them."
            )
        self.arguments = {
            "image_size": image_size,
            "channels_a": channels_a,
            "channels_b": channels_b,
            "filters": filters,
            "num_downsamplings": num_downsamplings,
            "dropout": dropout,
            "discriminator_filters": discriminator_filters,
            "patch_size": patch_size,
            "conditional": flag("conditional", conditional),
            "adversarial_weight": adversarial_weight,
            "l1_weight": l1_weight,
        }
        self.image_size = height_and_width(image_size)
        if None in self.image_size:
            raise UserInputError(f"image_size must be known. Received: {image_size}.")
        self.channels_a, self.channels_b = channels_a, channels_b
        self.dropout, self.conditional = dropout, conditional
        self.adversarial_weight, self.l1_weight = adversarial_weight, l1_weight
        self.adversarial_loss = adversarial.get(loss)
        self.generator = unet(
            image_size,
            channels_a,
            channels_b,
            filters=filters,
            num_downsamplings=num_downsamplings,
            dropout=dropout,
            name="generator",
        )
        self.discriminator = patchgan_discriminator(
            image_size,
            channels_a * conditional + channels_b,
            filters=discriminator_filters,
            num_layers=PATCH_SIZES.index(patch_size),
            norm_affine=True,
            name="discriminator",
        )
        self.declare_player("discriminator", "discriminator")
        self.declare_player("generator", "generator", served=True)

    def batch_spec(self):
        return {
            "a": Image(*self.image_size, self.channels_a),
            "b": Image(*self.image_size, self.channels_b),
        }

    def default_optimizers(self):
        """Returns the paper's Adam 2e-4, beta_1 0.5, beta_2 0.999."""
        return {
            player: keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.999, epsilon=1e-8)
            for player in ("discriminator", "generator")
        }

    def call(self, images):
        return self._translation_of(images, tf.zeros(tf.shape(images)[:1], tf.int64))

    # === Algorithm ===

    def train_step(self, batch):
        a, b = batch["a"], batch["b"]
        if self.adversarial_weight:
            self.update("discriminator", self.discriminator_loss, a, b)
        self.update("generator", self.generator_loss, a, b)
        return self.step_logs()

    def judge(self, a, b, training):
        """Returns D's map of logits of b, or of the pair."""
        seen = tf.concat([a, b], axis=-1) if self.conditional else b
        return self.discriminator(seen, training=training)

    def discriminator_loss(self, a, b, training=True):
        """Half of D's loss, as the authors have it, so that D learns slower than G."""
        fake = tf.stop_gradient(self.generator(a, training=training))
        real_logits = self.judge(a, b, training)
        fake_logits = self.judge(a, fake, training)
        terms = self.adversarial_loss.discriminator(real_logits, fake_logits)
        return Loss(
            {name: term / 2 for name, term in terms.items()},
            {"real_score": real_logits, "fake_score": fake_logits},
        )

    def generator_loss(self, a, b, training=True):
        """G's adversarial term and its weighted distance to the truth."""
        fake = self.generator(a, training=training)
        distance = l1(b, fake)
        terms = {"l1": self.l1_weight * distance} if self.l1_weight else {}
        if self.adversarial_weight:
            fake_logits = self.judge(a, fake, training)
            real_logits = None
            if self.adversarial_loss.needs_real_in_generator:
                real_logits = self.judge(a, b, training)
            term = self.adversarial_loss.generator(fake_logits, real_logits)
            terms["adversarial"] = self.adversarial_weight * term
        return Loss(terms, {"distance": distance})

    # === Samples and signatures ===

    def translate(self, images, seeds=None) -> np.ndarray:
        """Returns translations `[N, H, W, channels_b]` in [-1, 1], as the servable does.

        Args:
            images: `[N, H, W, channels_a]` in [-1, 1].
            seeds: ints `[N]`, of the dropout; None: 0 for each image.

        Raises:
            UserInputError: on seeds that are no whole numbers, or too many or few.
        """
        images = checked_examples("images", images, self.batch_spec()["a"])
        seeds = checked_seeds([0] * len(images) if seeds is None else seeds, len(images))
        inputs = {"images": images, "seed": seeds}
        return self.infer(self._answer, inputs, batch_size=32)

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns rows of a, G(a), b for `num` examples.

        Args:
            num: int. Rows.
            seed: int. Of the dropout.
            examples: dict with "a" and "b", `[N, H, W, C]`.
        """
        a, b = examples_to_draw(examples, num)
        return grid_of_columns(a, self.translate(a, np.full(len(a), seed)), b)

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers: images or files, and seeds of the dropout."""
        return translation_signatures(
            "serving_default",
            "png",
            self._translation_of,
            (*self.image_size, self.channels_a),
            self.channels_b,
            "translated a to b",
            {"seed": seed_input()} if self.dropout else {},
        )

    def _answer(self, inputs):
        return self._translation_of(**inputs)

    def _translation_of(self, images, seed=None):
        if not self.dropout:
            return self.served_network("generator")(images, training=False)
        inputs = {"images": images, "seed": seed}
        return self.through_layers("generator", _with_seeded_dropout, inputs)

    def get_config(self):
        return {
            **super().get_config(),
            **self.arguments,
            "loss": adversarial.serialize(self.adversarial_loss),
        }


def _with_seeded_dropout(generator, inputs):
    with seeded_rows(inputs["seed"]):
        return generator(inputs["images"], training=False)
