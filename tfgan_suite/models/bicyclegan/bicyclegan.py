"""Translation with several answers, learnt from pairs of images."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.images import ImageRules, read_image
from tfgan_suite.data.options import flag, number, whole_number
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image, Values
from tfgan_suite.losses import standard_normal_divergence
from tfgan_suite.losses.adversarial import LeastSquares
from tfgan_suite.losses.reconstruction import l1
from tfgan_suite.models.asked import checked_examples, checked_seeds
from tfgan_suite.models.bicyclegan.networks import residual_encoder
from tfgan_suite.models.bicyclegan.presets import PRESETS
from tfgan_suite.models.registry import register
from tfgan_suite.models.translation import (
    Input,
    examples_to_draw,
    grid_of_columns,
    seed_input,
    translation_signatures,
)
from tfgan_suite.networks import multi_scale_patchgan, unet
from tfgan_suite.networks.image_size import height_and_width
from tfgan_suite.signatures import (
    LATENT_RANGE,
    Condition,
    LatentSpace,
    Signature,
    latents_from_seeds,
)
from tfgan_suite.training import GenerativeModel, Loss

_SEEDS_DRAWN = 4


@register("bicyclegan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class BicycleGAN(GenerativeModel):
    """A translator from images a to images b, of which latents choose one of many.

    Source: [Zhu et al., 2017](https://arxiv.org/abs/1711.11586). Two cycles: the encoder brings
    the true b to latents, from which the generator is to make it again (cVAE-GAN); from latents
    drawn at random the generator makes an image, from which the encoder is to tell them (cLR-GAN).
    A step takes two batches of pairs: the first is encoded, and the second shows the discriminator
    of random answers other real images.

    Args:
        image_size: int or (height, width): see `networks.unet`.
        channels_a, channels_b: int. Channels of the two images of a pair.
        latent_size: int.
        filters: int. Channels of the U-Net's first layer.
        num_downsamplings: int or None. How often the U-Net halves the image; None: until its
            shorter side is 1 pixel.
        translator_norm: `"instance"`, as in the paper, or `"none"`: see `networks.unet`.
        latents_into: `"all"` layers of the U-Net's encoder, or its `"input"` alone.
        dropout: float in [0, 1). Of the U-Net's first three decoding layers, in training only.
        encoder_filters, encoder_blocks: int. Size of the encoder.
        discriminator_filters: int. Channels of the first layer of a discriminator at full size;
            that of half size has half as many.
        discriminator_layers: int. See `networks.patchgan_discriminator`.
        conditional: bool. Whether discriminators see a beside b.
        l1_weight: float. Of `mean |b - G(a, z of b)|`.
        latent_weight: float. Of `mean |z - mean of E(G(a, z))|`, which moves G alone.
        kl_weight: float. Of the divergence of E(b) from N(0, 1), summed over the latents.
        ema_half_life, seed, name: see `GenerativeModel`.

    Call arguments:
        inputs: `[images, latents]`, or a dict of these names: `[B, height, width, channels_a]` in
            [-1, 1] and float32 `[B, latent_size]`, standard normal. Returns images of b.

    Raises:
        UserInputError: sizes that the networks cannot be built for, or a negative weight.

    Example:

    ```python
    model = BicycleGAN(
        image_size=32, filters=8, encoder_filters=4, discriminator_filters=8, discriminator_layers=1
    )
    model.compile()
    model.fit({"a": images_a, "b": images_b}, batch_size=2)
    answers = model.translate(images_a, seeds=range(len(images_a)))
    ```
    """

    presets = PRESETS
    draws_examples = True
    batches_per_step = 2

    def __init__(
        self,
        image_size=256,
        channels_a: int = 3,
        channels_b: int = 3,
        latent_size: int = 8,
        filters: int = 64,
        num_downsamplings: int | None = None,
        translator_norm: str = "instance",
        latents_into: str = "all",
        dropout: float = 0.5,
        encoder_filters: int = 64,
        encoder_blocks: int = 4,
        discriminator_filters: int = 64,
        discriminator_layers: int = 3,
        conditional: bool = False,
        l1_weight: float = 10.0,
        latent_weight: float = 0.5,
        kl_weight: float = 0.01,
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        self.arguments = {
            "image_size": image_size,
            "channels_a": channels_a,
            "channels_b": channels_b,
            "latent_size": latent_size,
            "filters": filters,
            "num_downsamplings": num_downsamplings,
            "translator_norm": translator_norm,
            "latents_into": latents_into,
            "dropout": dropout,
            "encoder_filters": encoder_filters,
            "encoder_blocks": encoder_blocks,
            "discriminator_filters": discriminator_filters,
            "discriminator_layers": discriminator_layers,
            "conditional": flag("conditional", conditional),
            "l1_weight": l1_weight,
            "latent_weight": latent_weight,
            "kl_weight": kl_weight,
        }
        for argument, value in self.arguments.items():
            if argument.startswith("channels") or argument.endswith(
                ("filters", "latent_size", "blocks")
            ):
                whole_number(argument, value, 1)
            if argument.endswith("weight"):
                number(argument, value, 0, 1e9)
        self.image_size = height_and_width(image_size)
        if None in self.image_size:
            raise UserInputError(f"image_size must be known. Received: {image_size}.")
        whole_number("discriminator_layers", discriminator_layers, 0, 5)
        smallest = 2 * 3 * 2**discriminator_layers if discriminator_layers else 2
        if min(self.image_size) < smallest:
            raise UserInputError(
                f"image_size={image_size} must be at least {smallest} for discriminator_layers="
                f"{discriminator_layers}: one of each pair of discriminators sees half the size. "
                "Use larger images or fewer layers."
            )
        self.channels_a, self.channels_b = channels_a, channels_b
        self.latent_size, self.conditional = latent_size, conditional
        self.l1_weight, self.latent_weight = l1_weight, latent_weight
        self.kl_weight = kl_weight
        self.adversarial_loss = LeastSquares()
        self.generator = unet(
            image_size,
            channels_a,
            channels_b,
            filters=filters,
            num_downsamplings=num_downsamplings,
            dropout=dropout,
            norm=translator_norm,
            norm_affine=False,
            latent_size=latent_size,
            latents_into=latents_into,
            name="generator",
        )
        self.encoder = residual_encoder(
            image_size, channels_b, latent_size, encoder_filters, encoder_blocks, name="encoder"
        )
        self.discriminator_encoded, self.discriminator_random = (
            multi_scale_patchgan(
                image_size,
                channels_a * conditional + channels_b,
                filters=discriminator_filters,
                num_layers=discriminator_layers,
                name=f"discriminator_{branch}",
            )
            for branch in ("encoded", "random")
        )
        self.declare_player("translators", "generator", "encoder", served=True)
        self.declare_player("discriminators", "discriminator_encoded", "discriminator_random")

    def batch_spec(self):
        return {
            "a": Image(*self.image_size, self.channels_a),
            "b": Image(*self.image_size, self.channels_b),
        }

    def default_optimizers(self):
        """Returns the paper's Adam 2e-4, beta_1 0.5, beta_2 0.999, without its decay."""
        return {
            player: keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.999, epsilon=1e-8)
            for player in ("translators", "discriminators")
        }

    def call(self, inputs):
        return self.served_network("generator")(inputs, training=False)

    # === Algorithm ===

    def train_step(self, batch):
        pairs, others = self.batches(batch)[0], self.batches(batch)[-1]
        a, b = pairs["a"], pairs["b"]
        epsilon = self.noise("encoded", (self.latent_size,))
        z = self.noise("random", (self.latent_size,))
        encoded, random = self.update("translators", self.translators_loss, a, b, epsilon, z)
        self.update(
            "discriminators",
            self.discriminators_loss,
            a,
            b,
            encoded,
            others["a"],
            others["b"],
            random,
        )
        return self.step_logs()

    def translators_loss(self, a, b, epsilon, z, training=True):
        """The objective of G and E, and the images made of encoded and of random latents.

        Args:
            a, b: a batch of pairs.
            epsilon: `[B, latent_size]`, normal. What the latents of b are drawn with.
            z: `[B, latent_size]`, normal. Random latents.
            training: bool. Mode of the networks.
        """
        mean, log_variance = self.encoder(b, training=training)
        latents = mean + tf.exp(0.5 * log_variance) * epsilon
        encoded = self.generator([a, latents], training=training)
        random = self.generator([a, z], training=training)
        # E is not to learn to read what G hides in its images: its weights are constants here.
        frozen = [tf.stop_gradient(v.value) for v in self.encoder.trainable_variables]
        others = [v.value for v in self.encoder.non_trainable_variables]
        (told, _), _ = self.encoder.stateless_call(frozen, others, random, training=training)
        divergence = standard_normal_divergence(mean, 0.5 * log_variance)
        terms = {
            "adversarial_encoded": self._fooling(self.discriminator_encoded, a, encoded, training),
            "adversarial_random": self._fooling(self.discriminator_random, a, random, training),
            "l1": self.l1_weight * l1(b, encoded),
            "kl": self.kl_weight * divergence,
            "latent": self.latent_weight * l1(z, told),
        }
        return Loss(terms, {"divergence": divergence}, outputs=(encoded, random))

    def discriminators_loss(self, a, b, encoded, other_a, other_b, random, training=True):
        """The losses of both discriminators, of encoded and of random images."""
        terms, monitors = {}, {}
        for branch, discriminator, reals, fakes in (
            ("encoded", self.discriminator_encoded, (a, b), (a, encoded)),
            ("random", self.discriminator_random, (other_a, other_b), (a, random)),
        ):
            real_maps = self._judge(discriminator, *reals, training)
            fake_maps = self._judge(discriminator, fakes[0], tf.stop_gradient(fakes[1]), training)
            for scale, (real, fake) in enumerate(zip(real_maps, fake_maps, strict=True)):
                # The authors halve neither; LeastSquares halves both.
                losses = self.adversarial_loss.discriminator(real, fake)
                terms |= {f"{name}_{branch}_{scale}": 2 * x for name, x in losses.items()}
                monitors[f"real_score_{branch}_{scale}"] = real
                monitors[f"fake_score_{branch}_{scale}"] = fake
        return Loss(terms, monitors)

    def _judge(self, discriminator, a, b, training):
        seen = tf.concat([a, b], axis=-1) if self.conditional else b
        return discriminator(seen, training=training)

    def _fooling(self, discriminator, a, made, training):
        maps = self._judge(discriminator, a, made, training)
        return 2 * tf.add_n([self.adversarial_loss.generator(scores) for scores in maps])

    # === Samples and signatures ===

    def translate(self, images, seeds=None) -> np.ndarray:
        """Returns translations `[N, H, W, channels_b]` in [-1, 1], as the servable does.

        Args:
            images: `[N, H, W, channels_a]` in [-1, 1].
            seeds: ints `[N]`, of the latents; None: 0 for each image.

        Raises:
            UserInputError: on seeds that are no whole numbers, or too many or few.
        """
        images = checked_examples("images", images, self.batch_spec()["a"])
        seeds = checked_seeds([0] * len(images) if seeds is None else seeds, len(images))
        inputs = {"images": images, "seed": seeds}
        return self.infer(self._answer, inputs, batch_size=32)

    def translate_with(self, images, latents) -> np.ndarray:
        """Returns translations of images with latents `[N, latent_size]`, such as `encode`'s."""
        images = checked_examples("images", images, self.batch_spec()["a"])
        latents = checked_examples("latents", latents, Values((self.latent_size,)))
        return self.infer(self.call, [images, latents], batch_size=32)

    def encode(self, images) -> np.ndarray:
        """Returns the mean latents `[N, latent_size]` of images of b, `[N, H, W, channels_b]`."""
        images = checked_examples("images", images, self.batch_spec()["b"])
        return self.infer(self._encoded, images, batch_size=32)

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns rows of a, b, b made again from its latents, and answers to four seeds.

        Args:
            num: int. Rows.
            seed: int. The first of the seeds.
            examples: dict with "a" and "b", `[N, H, W, C]`.
        """
        a, b = examples_to_draw(examples, num)
        again = self.translate_with(a, self.encode(b))
        seeds = range(seed, seed + _SEEDS_DRAWN)
        answers = [self.translate(a, np.full(len(a), number)) for number in seeds]
        return grid_of_columns(a, b, again, *answers)

    def latent_spaces(self) -> dict[str, LatentSpace]:
        """Returns the space z of the latents; an image of a goes with each point."""
        shape = (*self.image_size, self.channels_a)

        def example(num_rows):
            images = np.random.default_rng(0).uniform(-1, 1, (num_rows, *shape))
            return images.astype(np.float32)

        images = Condition(
            tf.TensorSpec([None, *shape], tf.float32, name="images"), self._read, example
        )
        return {
            "z": LatentSpace(
                (self.latent_size,),
                (*self.image_size, self.channels_b),
                decode=lambda points, given: tf.cast(self([given["images"], points]), tf.float32),
                of_seeds=self._latents_of,
                distribution="normal",
                conditions={"images": images},
            )
        }

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers.

        Images or files and seeds, images and latents, and the latents of images of b.
        """
        shape = (*self.image_size, self.channels_a)
        b_shape = (*self.image_size, self.channels_b)
        latents = Input(
            tf.TensorSpec([None, self.latent_size], tf.float32, name="latents"),
            lambda num_rows: self._latents_of(tf.range(num_rows, dtype=tf.int64)).numpy(),
            LATENT_RANGE,
        )

        def example(num_rows):
            rng = np.random.default_rng(0)
            return {"images": rng.uniform(-1, 1, (num_rows, *b_shape)).astype(np.float32)}

        return {
            **translation_signatures(
                "serving_default",
                "png",
                self._translation_of,
                shape,
                self.channels_b,
                "translated a to b",
                {"seed": seed_input()},
            ),
            **translation_signatures(
                "from_latents",
                None,
                lambda images, latents: self([images, latents]),
                shape,
                self.channels_b,
                "translated a to b",
                {"latents": latents},
            ),
            "encode": Signature(
                lambda images: {"latents": self._encoded(images)},
                {"images": tf.TensorSpec([None, *b_shape], tf.float32, name="images")},
                "Images of b in [-1, 1] to the latents that they are made of, their means.",
                example,
                ranges={"images": (-1, 1)},
            ),
        }

    def _read(self, path):
        """Returns an image file as an image of a."""
        height, width = self.image_size
        if height != width:
            raise UserInputError(
                f"images={path}: files are read for square images; the model's are of "
                f"{width} x {height}."
            )
        levels = read_image(Path(path), ImageRules(height, self.channels_a))
        return levels.astype(np.float32) / 127.5 - 1

    def _answer(self, inputs):
        return self._translation_of(**inputs)

    def _translation_of(self, images, seed):
        return self([images, self._latents_of(seed)])

    def _encoded(self, images):
        return self.served_network("encoder")(images, training=False)[0]

    def _latents_of(self, seeds):
        return latents_from_seeds(seeds, self.latent_size)

    def get_config(self):
        return {**super().get_config(), **self.arguments}
