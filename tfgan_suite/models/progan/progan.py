"""Progressive growing of GANs."""

import dataclasses
import functools
from collections.abc import Mapping

import keras
import tensorflow as tf

from tfgan_suite.data.options import whole_number
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image
from tfgan_suite.losses import adversarial, critic_terms
from tfgan_suite.models.progan.growth import by_size, growth_stages
from tfgan_suite.models.progan.networks import growing_generator
from tfgan_suite.models.progan.presets import PRESETS
from tfgan_suite.models.registry import register
from tfgan_suite.models.sampling import SamplesOfSeeds
from tfgan_suite.networks.progressive import growing_discriminator, part_of, sizes_to
from tfgan_suite.signatures import LatentSpace
from tfgan_suite.training import GenerativeModel, Loss, PiecewiseConstant
from tfgan_suite.training.noise import check_distribution

PLAYERS = ("discriminator", "generator")
_WHOLE_NUMBERS = (
    "channels",
    "latent_size",
    "filters_base",
    "filters_max",
    "deviation_group",
    "critic_steps",
)


@register("progan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class ProGAN(SamplesOfSeeds, GenerativeModel):
    """A GAN that begins with images of 4 x 4 pixels and doubles their sides as it trains.

    New layers fade in: while they do, G's image is between the enlarged image of the size before
    and the new one, and so are D's features and the reals. `Stage.settings` of each stage is the
    size and whether it fades. All layers exist from the beginning, so that every checkpoint holds
    the same variables; those of sizes to come rest.

    Source: [Karras et al., 2018](https://arxiv.org/abs/1710.10196).

    Args:
        image_size: int. Side of the largest images: 8 to 1024, a power of two.
        channels: int. Channels of the images.
        latent_size: int. Length of a latent vector.
        filters_base, filters_max: int. Channels at a size are `filters_base * 2 / size`, at most
            `filters_max`.
        first_size: int. Side of the images that training begins with.
        stable_images: int. Images for which each size trains before the next one.
        fade_images: int. Images over which a size fades in.
        batch_sizes: dict from size to global batch size, for runs by `launch.train`; a size that it
            does not hold takes that of the size before. None: the run's batch size throughout.
        learning_rates: dict from size to learning rate, in the same way. Defaults to 1e-3.
        reset_optimizers: bool. Whether Adam's moments begin anew with each size, as the authors'
            do. Defaults to True.
        deviation_group: int. Examples that D's `MinibatchDeviation` compares.
        loss: adversarial loss, see `GAN`. Defaults to `"wasserstein"`.
        gradient_penalty, r1, r2: float. See `GAN`. Defaults to WGAN-GP's 10, 0 and 0.
        drift: float. Weight of D's squared scores of reals. Defaults to 0.001.
        critic_steps, latent_distribution, ema_half_life, seed, name: see `GAN`.

    Call arguments:
        latents: `[B, latent_size]`. Returns images `[B, size, size, channels]` of the size that the
            training has reached.

    Example:

    ```python
    progan = ProGAN(image_size=32, channels=1, latent_size=8, filters_base=32, filters_max=8,
                    stable_images=64, fade_images=64, deviation_group=2)
    progan.compile()
    progan.fit(images, batch_size=16)  # float32 [N, 32, 32, 1] in [-1, 1]
    ```
    """

    presets = PRESETS

    def __init__(
        self,
        image_size: int = 1024,
        channels: int = 3,
        latent_size: int = 512,
        filters_base: int = 8192,
        filters_max: int = 512,
        first_size: int = 4,
        stable_images: int = 600_000,
        fade_images: int = 600_000,
        batch_sizes: Mapping[int, int] | None = None,
        learning_rates: Mapping[int, float] | None = None,
        reset_optimizers: bool = True,
        deviation_group: int = 4,
        loss="wasserstein",
        gradient_penalty: float = 10.0,
        r1: float = 0.0,
        r2: float = 0.0,
        drift: float = 0.001,
        critic_steps: int = 1,
        latent_distribution: str = "normal",
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        arguments = {
            "image_size": image_size,
            "channels": channels,
            "latent_size": latent_size,
            "filters_base": filters_base,
            "filters_max": filters_max,
            "first_size": first_size,
            "stable_images": stable_images,
            "fade_images": fade_images,
            "batch_sizes": batch_sizes,
            "learning_rates": learning_rates,
            "reset_optimizers": reset_optimizers,
            "deviation_group": deviation_group,
            "gradient_penalty": gradient_penalty,
            "r1": r1,
            "r2": r2,
            "drift": drift,
            "critic_steps": critic_steps,
            "latent_distribution": latent_distribution,
        }
        self._begin(arguments, loss, seed=seed, ema_half_life=ema_half_life, name=name)

    def _begin(self, arguments, loss, **common):
        """What every constructor of a model that grows does."""
        GenerativeModel.__init__(self, **common)
        sizes = sizes_to(arguments["image_size"])
        first_size = arguments["first_size"]
        if first_size not in sizes:
            raise UserInputError(
                f"first_size must be one of {', '.join(map(str, sizes))}. Received: {first_size!r}."
            )
        self.sizes = sizes[sizes.index(first_size) :]
        for argument in _WHOLE_NUMBERS:
            whole_number(argument, arguments[argument], 1)
        by_sizes = {
            argument: by_size(argument, arguments[argument], self.sizes)
            for argument in ("batch_sizes", "learning_rates")
        }
        self.arguments = {**arguments, **by_sizes}
        self.learning_rates = by_sizes["learning_rates"]
        self.adversarial_loss = adversarial.get(loss)
        self.penalties = {
            name: arguments[name] for name in ("gradient_penalty", "r1", "r2", "drift")
        }
        self.latent_shape = (arguments["latent_size"],)
        self.latent_distribution = check_distribution(arguments["latent_distribution"])
        self.image_shape = (arguments["image_size"],) * 2 + (arguments["channels"],)
        self.batches_per_step = arguments["critic_steps"]
        self.discriminator = self.make_discriminator(**self._of_networks("deviation_group"))
        self.declare_player("discriminator", "discriminator")
        self.make_generator(**self._of_networks("latent_size"))
        self.declare_stages(
            *growth_stages(
                self.sizes,
                arguments["stable_images"],
                arguments["fade_images"],
                by_sizes["batch_sizes"],
                PLAYERS if arguments["reset_optimizers"] else (),
            )
        )

    def _of_networks(self, *more):
        names = ("image_size", "channels", "filters_base", "filters_max", *more)
        return {name: self.arguments[name] for name in names}

    def make_discriminator(self, **arguments):
        return growing_discriminator(**arguments)

    def make_generator(self, **arguments):
        self.generator = growing_generator(**arguments)
        self.declare_player("generator", "generator", served=True)

    @property
    def sample_shape(self) -> tuple[int, int, int]:
        """Shape of the samples that the training has reached."""
        size = self.stage.settings.size
        return size, size, self.image_shape[-1]

    def batch_spec(self):
        return {"image": Image(*self.image_shape)}

    def default_optimizers(self):
        """Returns Adam with beta_1 0, beta_2 0.99, epsilon 1e-8 and `learning_rates`."""
        return {player: self.adam() for player in PLAYERS}

    def adam(self, share: float = 1.0):
        """Returns the optimizer of a player whose steps are one of two kinds in turn.

        Args:
            share: float. The part c of its steps that minimise the adversarial loss; rates are
                multiplied by c, and beta_2 becomes beta_2^c, so that a cycle moves as far as the
                steps of that part alone would.
        """
        rates, boundaries, rate = [], [], 1e-3
        for index, stage in enumerate(self.stages.all):
            rate = self.learning_rates.get(stage.settings.size, rate)
            if rates and rate != rates[-1]:
                boundaries.append(self.stages.start_of(index))
            if not rates or rate != rates[-1]:
                rates.append(rate)
        rates = [rate * share for rate in rates]
        rate = PiecewiseConstant(rates, boundaries) if boundaries else rates[0]
        return keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.99**share, epsilon=1e-8)

    def latent_spaces(self) -> dict[str, LatentSpace]:
        """Returns the space z; D compares images with each other, so it judges none alone."""
        return {"z": dataclasses.replace(super().latent_spaces()["z"], judge=None)}

    def call(self, latents):
        images = self.served_network("generator")(latents, training=False)
        return self.faded(images, self.alpha)

    def served_form(self, network):
        """Returns the part of the generator that the stage needs."""
        return self._part(network, ["latents"], self._image_layers())

    # === Algorithm ===

    def train_step(self, batch):
        alpha = self.alpha
        for critic_batch in self.batches(batch):
            real = self.seen(critic_batch["image"], alpha)
            z = self.noise("discriminator_latents", self.latent_shape, self.latent_distribution)
            epsilon = self.noise("epsilon", (), "uniform") / 2 + 0.5
            self.update("discriminator", self.discriminator_loss, real, z, epsilon, alpha)
        z = self.noise("generator_latents", self.latent_shape, self.latent_distribution)
        self.update("generator", self.generator_loss, z, real, alpha)
        return self.step_logs()

    @property
    def alpha(self) -> tf.Tensor:
        """How far the newest layers have faded in: float32 scalar in [0, 1]."""
        if not self.stage.settings.fades:
            return tf.constant(1.0)
        return tf.minimum(tf.cast(self.images_in_stage, tf.float32) / self.stage.images, 1.0)

    def seen(self, images, alpha):
        """Returns reals as D sees them: of the stage's size and, in a fade, of its sharpness."""
        size = self.stage.settings.size
        factor = self.image_shape[0] // size
        if factor > 1:
            images = tf.nn.avg_pool2d(images, factor, factor, "VALID")
        if not self.stage.settings.fades:
            return images
        return self.faded([tf.nn.avg_pool2d(images, 2, 2, "VALID"), images], alpha)

    def faded(self, images, alpha):
        """Returns what lies between an image and the one of twice its size; an image as it is."""
        if not self.stage.settings.fades:
            return images
        small, large = images
        small = tf.repeat(tf.repeat(small, 2, axis=1), 2, axis=2)
        return small + (large - small) * tf.cast(alpha, large.dtype)

    def generate(self, latents, alpha, training):
        """Returns G's images of the stage."""
        part = self._part(self.generator, ["latents"], self._image_layers())
        return self.faded(part(latents, training=training), alpha)

    def judge(self, images, alpha, training):
        """Returns D's logits of images of the stage."""
        size, fades = self.stage.settings
        if not fades:
            part = self._part(self.discriminator, [f"image_{size}"], [f"logit_{size}"])
            return part(images, training=training)
        part = self._part(self.discriminator, [f"image_{size}", "alpha"], [f"fading_{size}"])
        return part([images, alpha], training=training)

    def discriminator_loss(self, real, latents, epsilon, alpha, training=True):
        """D's loss: adversarial, gradient penalty, drift.

        Args:
            real: `[B, size, size, C]`, as `seen` gives them.
            latents: `[B, latent_size]`.
            epsilon: `[B]` in [0, 1]. Where between real and fake the gradient penalty looks.
            alpha: scalar in [0, 1].
            training: bool. Mode of the networks.
        """
        fake = tf.stop_gradient(self.generate(latents, alpha, training))
        critic = functools.partial(self.judge, alpha=alpha, training=training)
        return Loss(
            *critic_terms(self.adversarial_loss, critic, real, fake, epsilon, **self.penalties)
        )

    def generator_loss(self, latents, real, alpha, training=True):
        """G's loss; `real` is looked at only by losses that pair real and fake samples."""
        fake_logits = self.judge(self.generate(latents, alpha, training), alpha, training)
        real_logits = None
        if self.adversarial_loss.needs_real_in_generator:
            real_logits = self.judge(real, alpha, training)
        return Loss({"adversarial": self.adversarial_loss.generator(fake_logits, real_logits)})

    # === Parts of the networks ===

    def _image_layers(self):
        size, fades = self.stage.settings
        return [f"image_{size // 2}", f"image_{size}"] if fades else [f"image_{size}"]

    def _part(self, network, inputs, outputs):
        parts = self._cache.parts
        key = (id(network), *inputs, *outputs)
        if key not in parts:
            parts[key] = part_of(network, inputs, outputs)
        return parts[key]

    def get_config(self):
        return {
            **super().get_config(),
            **self.arguments,
            "loss": adversarial.serialize(self.adversarial_loss),
        }
