"""Generative adversarial networks."""

import functools

import keras
import tensorflow as tf

from tfgan_suite.data.options import number
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import samples_field
from tfgan_suite.losses import adversarial, critic_terms
from tfgan_suite.models.gan.presets import PRESETS
from tfgan_suite.models.registry import register
from tfgan_suite.models.sampling import SamplesOfSeeds
from tfgan_suite.networks import build_pair
from tfgan_suite.networks.given import check_gives_logits, ends_in_sigmoid
from tfgan_suite.training import GenerativeModel, Loss
from tfgan_suite.training.noise import check_distribution


@register("gan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class GAN(SamplesOfSeeds, GenerativeModel):
    """A generator and a discriminator that learn from each other.

    Bring your own Keras networks, of one input and one output, functional or Sequential; a
    subclassed one is wrapped: `keras.Model(inputs, network(inputs))`. The discriminator gives
    logits, without a sigmoid.

    Source: [Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661), Algorithm 1 with k = 1.

    Args:
        generator: `keras.Model` from latents `[B, latent_size]` to samples `[B, ...]` (images in
            [-1, 1], or points of any range).
        discriminator: `keras.Model` from samples `[B, ...]` to logits `[B, 1]` or a map of them.
        loss: name, config or object of an adversarial loss: `"non_saturating"`, `"minimax"`,
            `"least_squares"`, `"hinge"`, `"wasserstein"`, `"relativistic"` (G is shown the real
            batch of D's last step).
        networks: dict. In place of the two networks, the config of a pair that
            `tfgan_suite.networks.build_pair` builds: `{"name": "mlp", "sample_shape": (2,)}`.
        critic_steps: int. D's updates in a step, each with a batch and noise of its own: the
            paper's k, 5 in WGAN-GP. A step then sees that many batches. Defaults to 1.
        latent_distribution: `"normal"`, `"uniform"` (-1 to 1) or `"unit_uniform"` (of variance 1).
        gradient_penalty: float. Weight of the penalty on the gradient's distance from 1, between
            real and fake (10 in WGAN-GP). Defaults to 0.
        r1: float. Gamma of the penalty gamma / 2 * |gradient|^2 at real samples. Defaults to 0.
        r2: float. The same at fake samples. Defaults to 0.
        ema_half_life: float or None. See `GenerativeModel`.
        seed: int. See `GenerativeModel`.
        name: str. Name of the model.

    Raises:
        UserInputError: networks that do not fit together, or a discriminator that ends in a
            sigmoid or softmax.

    Call arguments:
        latents: `[B, latent_size]`. Returns the samples of the (averaged) generator.

    Example:

    ```python
    generator, discriminator = build_pair("mlp", sample_shape=(2,), latent_size=8)
    gan = GAN(generator, discriminator, loss="non_saturating")
    gan.compile()
    gan.fit(np.random.normal(size=(256, 2)).astype("float32"), batch_size=64, verbose=0)
    samples = gan.predict(np.random.normal(size=(4, 8)), verbose=0)
    ```
    """

    presets = PRESETS
    network_arguments = ("generator", "discriminator")

    def __init__(
        self,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        loss="non_saturating",
        latent_distribution: str = "normal",
        gradient_penalty: float = 0.0,
        r1: float = 0.0,
        r2: float = 0.0,
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
        networks: dict | None = None,
        critic_steps: int = 1,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        generator, discriminator = _pair(type(self).__name__, generator, discriminator, networks)
        self.take_networks(generator=generator, discriminator=discriminator)
        _check_fit(generator, discriminator)
        self.batches_per_step = self.critic_steps = _check_steps(critic_steps)
        self.adversarial_loss = adversarial.get(loss)
        self.latent_distribution = check_distribution(latent_distribution)
        for argument, weight in {"gradient_penalty": gradient_penalty, "r1": r1, "r2": r2}.items():
            number(argument, weight, 0, 1e9)
        self.gradient_penalty, self.r1, self.r2 = gradient_penalty, r1, r2
        self.declare_player("discriminator", "discriminator")
        self.declare_player("generator", "generator", served=True)
        #: str. What the batch calls a sample: "image", "point" or "sample".
        self.sample_name, self.sample_field = samples_field(
            self.sample_shape, low=0.0 if ends_in_sigmoid(generator) else -1.0
        )

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one example's latents."""
        return tuple(self.generator.input_shape[1:])

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return tuple(self.generator.output_shape[1:])

    def batch_spec(self):
        return {self.sample_name: self.sample_field}

    def default_optimizers(self):
        """Returns Adam 2e-4, beta_1 0.5, beta_2 0.999, epsilon 1e-8 for both players.

        That is DCGAN's recipe. `GAN` and `LSGAN` borrow it: their papers train otherwise, as their
        READMEs say.
        """
        return {
            "discriminator": keras.optimizers.Adam(2e-4, beta_1=0.5, epsilon=1e-8),
            "generator": keras.optimizers.Adam(2e-4, beta_1=0.5, epsilon=1e-8),
        }

    def call(self, latents):
        return self.served_network("generator")(latents, training=False)

    # === Algorithm ===

    def train_step(self, batch):
        for critic_batch in self.batches(batch):
            real = critic_batch[self.sample_name]
            z = self.latents("discriminator_latents")
            epsilon = self.noise("epsilon", (), "uniform") / 2 + 0.5
            self.update("discriminator", self.discriminator_loss, real, z, epsilon)
        z = self.latents("generator_latents")
        self.update("generator", self.generator_loss, z, real)
        return self.step_logs()

    def latents(self, name: str):
        """Draws latents for this replica's examples."""
        return self.noise(name, self.latent_shape, self.latent_distribution)

    def generate(self, latents, training):
        """Returns the fakes that D is shown."""
        return self.generator(latents, training=training)

    def discriminator_loss(self, real, latents, epsilon, training=True):
        """D's loss; real and fake go through it separately, each with its own batch statistics.

        Args:
            real: `[B, ...]` samples of the data.
            latents: `[B, latent_size]`.
            epsilon: `[B]` in [0, 1]. Where between real and fake the gradient penalty looks.
            training: bool. Mode of the networks.
        """
        fake = tf.stop_gradient(self.generate(latents, training))
        critic = functools.partial(self.discriminator, training=training)
        return Loss(
            *critic_terms(
                self.adversarial_loss,
                critic,
                real,
                fake,
                epsilon,
                gradient_penalty=self.gradient_penalty,
                r1=self.r1,
                r2=self.r2,
            )
        )

    def generator_loss(self, latents, real, training=True):
        """G's loss; `real` is looked at only by losses that pair real and fake samples.

        It is the batch that D has just learnt on. R3GAN, whose loss "relativistic" is, draws
        another one for G.
        """
        fake_logits = self.discriminator(
            self.generator(latents, training=training), training=training
        )
        real_logits = None
        if self.adversarial_loss.needs_real_in_generator:
            real_logits = self.discriminator(real, training=training)
        return Loss({"adversarial": self.adversarial_loss.generator(fake_logits, real_logits)})

    # === Config ===

    def get_config(self):
        return {
            **super().get_config(),
            "loss": adversarial.serialize(self.adversarial_loss),
            "latent_distribution": self.latent_distribution,
            "gradient_penalty": self.gradient_penalty,
            "r1": self.r1,
            "r2": self.r2,
            "critic_steps": self.critic_steps,
        }


def _pair(model, generator, discriminator, networks):
    if networks is not None and generator is None and discriminator is None:
        return build_pair(**networks)
    if networks is not None or generator is None or discriminator is None:
        raise UserInputError(
            f"{model} needs a generator and a discriminator, or in their place `networks`, such as "
            '{"name": "mlp", "sample_shape": (28, 28, 1)}.'
        )
    return generator, discriminator


def _check_steps(critic_steps):
    if not isinstance(critic_steps, int) or critic_steps < 1:
        raise UserInputError(
            f"critic_steps must be a whole number from 1. Received: {critic_steps!r}."
        )
    return critic_steps


def _check_fit(generator, discriminator):
    check_gives_logits("discriminator", discriminator)
    if len(generator.input_shape) != 2 or generator.input_shape[1] is None:
        raise UserInputError(
            "generator must take latents of shape (batch, latent_size). "
            f"Its input shape is {generator.input_shape}."
        )
    made, judged = generator.output_shape[1:], discriminator.input_shape[1:]
    if None in made:
        raise UserInputError(
            f"generator makes samples of shape {made}, of no known size. Build it with "
            "layers whose output shape Keras knows, or end it in a Reshape."
        )
    if len(made) != len(judged) or any(
        size not in (None, want) for size, want in zip(judged, made, strict=True)
    ):
        raise UserInputError(
            f"The generator makes samples of shape {made} and the discriminator takes "
            f"{judged}. Build both for the same sample shape."
        )
