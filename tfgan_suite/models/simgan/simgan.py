"""Simulated images that are refined until they look real and still show what they showed."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tfgan_suite.data.options import number, one_of, whole_number
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image
from tfgan_suite.models.asked import checked_examples
from tfgan_suite.models.registry import register
from tfgan_suite.models.simgan.history import HalfHistory
from tfgan_suite.models.simgan.networks import local_discriminator, refiner
from tfgan_suite.models.simgan.presets import PRESETS
from tfgan_suite.models.translation import grid_of_columns, translation_signatures
from tfgan_suite.signatures import Signature
from tfgan_suite.training import GenerativeModel, Loss, Stage


def _standardised(images):
    mean, variance = tf.nn.moments(images, axes=[1, 2], keepdims=True)
    return (images - mean) / tf.sqrt(variance + 1e-3)


FEATURES = {
    "identity": lambda images: images,
    "mean_colour": lambda images: tf.reduce_mean(images, axis=[1, 2], keepdims=True),
    "standardised": _standardised,
}
"""psi by name: what of an image refining has to keep."""


@register("simgan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class SimGAN(GenerativeModel):
    """A refiner of synthetic images, and a discriminator that judges local patches.

    Source: [Shrivastava et al., 2017](https://arxiv.org/abs/1612.07828). A batch has the fields
    "synthetic" and "real", which do not belong together. First the refiner learns to keep images
    as they are, then the discriminator to tell them from real ones, then both play. Half of what
    the discriminator sees as refined is of a history.

    Args:
        image_shape: (height, width, channels).
        filters, num_blocks: int. See `networks.refiner`.
        discriminator_filters: int. See `networks.local_discriminator`.
        self_regularization: float, lambda. Weight of `|psi(R(x)) - psi(x)|`, summed over the
            values of psi, as the adversarial term is summed over patches.
        features: psi: `"identity"`, `"mean_colour"`, or `"standardised"`, each channel of an image
            without its mean and divided by its deviation, so that brightness and contrast are free.
        refiner_steps: int, K_g. Updates of the refiner in a step, each on a batch of its own.
        discriminator_steps: int, K_d, at most K_g. Updates of the discriminator in a step.
        refiner_images, discriminator_images: int. Images for which each trains alone at the
            beginning; 0: not at all. Defaults to the paper's 1,000 and 200 steps of 512.
        history_size: int. Images of the history; 0: none.
        ema_half_life, seed, name: see `GenerativeModel`.

    Call arguments:
        images: `[B, *image_shape]` in [-1, 1]. Returns them refined.

    Example:

    ```python
    model = SimGAN(image_shape=(32, 32, 3), filters=8, refiner_images=16, discriminator_images=16)
    model.compile()
    model.fit(images_a, images_b, batch_size=4)  # synthetic, real
    refined = model.refine(images_a)
    ```
    """

    presets = PRESETS
    draws_examples = True

    def __init__(
        self,
        image_shape: Sequence[int] = (35, 55, 1),
        filters: int = 64,
        num_blocks: int = 4,
        discriminator_filters: int = 96,
        self_regularization: float = 0.5,
        features: str = "identity",
        refiner_steps: int = 2,
        discriminator_steps: int = 1,
        refiner_images: int = 512_000,
        discriminator_images: int = 102_400,
        history_size: int = 25_600,
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        for argument, value in {
            "filters": filters,
            "num_blocks": num_blocks,
            "refiner_steps": refiner_steps,
            "discriminator_steps": discriminator_steps,
        }.items():
            whole_number(argument, value, 1)
        whole_number("refiner_images", refiner_images, 0)
        whole_number("discriminator_images", discriminator_images, 0)
        number("self_regularization", self_regularization, 0, 1e9)
        one_of("features", features, FEATURES)
        if discriminator_steps > refiner_steps:
            raise UserInputError(
                f"discriminator_steps={discriminator_steps} is more than refiner_steps="
                f"{refiner_steps}, the batches of a step."
            )
        if not isinstance(image_shape, Sequence) or len(image_shape) != 3:
            raise UserInputError(
                f"image_shape is (height, width, channels). Received: {image_shape!r}."
            )
        for side in image_shape:
            whole_number("Each number of image_shape", side, 1)
        if whole_number("discriminator_filters", discriminator_filters, 3) % 3:
            raise UserInputError(
                f"discriminator_filters is a multiple of 3. Received: {discriminator_filters}."
            )
        self.arguments = {
            "image_shape": list(image_shape),
            "filters": filters,
            "num_blocks": num_blocks,
            "discriminator_filters": discriminator_filters,
            "self_regularization": self_regularization,
            "features": features,
            "refiner_steps": refiner_steps,
            "discriminator_steps": discriminator_steps,
            "refiner_images": refiner_images,
            "discriminator_images": discriminator_images,
            "history_size": history_size,
        }
        self.image_shape = tuple(image_shape)
        self.batches_per_step = refiner_steps
        self.features = FEATURES[features]
        self.refiner = refiner(self.image_shape, filters, num_blocks)
        self.discriminator = local_discriminator(self.image_shape, discriminator_filters)
        self.refined_history = HalfHistory(history_size, self.image_shape, name="history")
        self.declare_player("refiner", "refiner", served=True)
        self.declare_player("discriminator", "discriminator")
        self.declare_state("refined_history")
        alone = {"refiner": refiner_images, "discriminator": discriminator_images}
        stages = [Stage(player, images) for player, images in alone.items() if images]
        self.declare_stages(*stages, Stage("game"))

    def batch_spec(self):
        return {"synthetic": Image(*self.image_shape)}, {"real": Image(*self.image_shape)}

    def default_optimizers(self):
        """Returns SGD with the learning rate 0.001, which others quote from the paper."""
        return {player: keras.optimizers.SGD(1e-3) for player in ("refiner", "discriminator")}

    def call(self, images):
        return self.served_network("refiner")(images, training=False)

    # === Algorithm ===

    def train_step(self, batch):
        batches, stage = self.batches(batch), self.stage.name
        if stage == "refiner":
            for one in batches:
                self.update("refiner", self.self_regularization_loss, one["synthetic"])
        if stage == "game":
            for one in batches:
                self.update("refiner", self.refiner_loss, one["synthetic"])
        if stage != "refiner":
            for one in batches[: self.arguments["discriminator_steps"]]:
                refined = self.refined_now(one["synthetic"])
                seen = self.with_history(refined)
                self.update("discriminator", self.discriminator_loss, seen, one["real"])
        return self.step_logs()

    def refined_now(self, synthetic):
        """Returns images refined by the network that is trained."""
        return self.refiner(synthetic, training=self.is_training_step)

    def with_history(self, refined):
        """Returns refined images, half of them from the history."""
        if not self.is_training_step or not self.refined_history.capacity:
            return refined
        places = self.gather((self.noise("history_places", (), "uniform") + 1) / 2)
        order = self.random("history_order", (self.refined_history.capacity,))
        return self.local_part(self.refined_history.exchange(self.gather(refined), places, order))

    def refiner_loss(self, synthetic, training=True):
        """-log(1 - D(R(x))), D the probability of being refined, and the distance from x."""
        refined = self.refiner(synthetic, training=training)
        logits = _refined_logits(self.discriminator(refined, training=training))
        terms = {"adversarial": _sum_per_example(tf.nn.softplus(logits))}
        return Loss(
            {**terms, **self._regularization(synthetic, refined)},
            {"distance": tf.reduce_mean(tf.abs(refined - synthetic), axis=[1, 2, 3])},
        )

    def self_regularization_loss(self, synthetic, training=True):
        """The distance from x alone: what the refiner begins with."""
        refined = self.refiner(synthetic, training=training)
        return Loss(
            self._regularization(synthetic, refined),
            {"distance": tf.reduce_mean(tf.abs(refined - synthetic), axis=[1, 2, 3])},
        )

    def _regularization(self, synthetic, refined):
        difference = tf.abs(self.features(refined) - self.features(synthetic))
        weight = self.arguments["self_regularization"]
        return {"self_regularization": weight * _sum_per_example(difference)}

    def discriminator_loss(self, refined, real, training=True):
        """-log D(refined) - log(1 - D(y)), D the probability of being refined."""
        refined_logits = _refined_logits(self.discriminator(refined, training=training))
        real_logits = _refined_logits(self.discriminator(real, training=training))
        return Loss(
            {
                "refined": _sum_per_example(tf.nn.softplus(-refined_logits)),
                "real": _sum_per_example(tf.nn.softplus(real_logits)),
            },
            {
                "refined_probability": tf.reduce_mean(tf.sigmoid(refined_logits), axis=[1, 2]),
                "real_probability": tf.reduce_mean(tf.sigmoid(real_logits), axis=[1, 2]),
            },
        )

    # === Samples and signatures ===

    def refine(self, images):
        """Returns refined images `[N, H, W, C]` in [-1, 1], of such images.

        Raises:
            UserInputError: on images of another shape or range.
        """
        return self.infer(self, checked_examples("images", images, Image(*self.image_shape)))

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns rows of a synthetic image, the same refined, a real one."""
        del seed
        if examples is None:
            raise UserInputError("SimGAN draws examples: pass the fields synthetic and real.")
        synthetic = examples["synthetic"][:num]
        return grid_of_columns(synthetic, self.refine(synthetic), examples["real"][:num])

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers."""
        return translation_signatures(
            "serving_default", "png", self, self.image_shape, self.image_shape[-1], "refined"
        )

    def get_config(self):
        return {**super().get_config(), **self.arguments}


def _refined_logits(logits):
    """Returns by how much "refined" is more likely than "real", as a logit, `[B, h, w]`."""
    return logits[..., 1] - logits[..., 0]


def _sum_per_example(values):
    return tf.reduce_sum(values, axis=list(range(1, values.shape.rank)))
