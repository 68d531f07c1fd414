"""Conditional GANs: of class labels."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import whole_number
from tfgan_suite.drawing import ImageGrid
from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.fields import ClassId, Image
from tfgan_suite.losses import adversarial
from tfgan_suite.models.asked import checked_class_ids, checked_seeds
from tfgan_suite.models.cgan import networks
from tfgan_suite.models.cgan.presets import PRESETS
from tfgan_suite.models.registry import register
from tfgan_suite.signatures import (
    LATENT_RANGE,
    LatentSpace,
    Signature,
    check_ids,
    class_condition,
    encode_png,
    latents_from_seeds,
)
from tfgan_suite.training import GenerativeModel, Loss
from tfgan_suite.training.noise import check_distribution

CONDITIONS = ("concatenation", "projection", "auxiliary")
ARCHITECTURES = ("convolutional", "mlp")
FAKE_LABELS = ("uniform", "prior")


@register("cgan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class CGAN(GenerativeModel):
    """A GAN whose samples are of the class that is asked for.

    Sources: [Mirza and Osindero, 2014](https://arxiv.org/abs/1411.1784), where both networks are
    shown the class; [Odena et al., 2017](https://arxiv.org/abs/1610.09585) (ACGAN), where the
    discriminator has to tell it; [Miyato and Koyama, 2018](https://arxiv.org/abs/1802.05637), where
    the logit has an inner product of the class' vector and the features.

    Args:
        num_classes: int. There are the classes 0 to `num_classes - 1`.
        image_size: int. `base_size` doubled one to five times; any for the architecture `"mlp"`.
        channels: int.
        architecture: `"convolutional"` (DCGAN's size) or `"mlp"` (the first paper's).
        condition: how the discriminator uses the class: `"concatenation"`, `"projection"`
            (with spectral norm; the generator's batch norms then have gains and biases by class),
            or `"auxiliary"`. The architecture `"mlp"` knows the first only.
        latent_size: int.
        filters: int. Channels of the stage next to the image.
        base_size: int. Side of the smallest stage.
        loss: see `GAN`.
        fake_labels: classes of the fakes in training: `"uniform"`, or `"prior"`, those of the
            real batch.
        aux_on_fake: bool. For `"auxiliary"`: D also learns the class on fakes, as in the paper.
        dropout: float in [0, 1). For the architecture `"mlp"`.
        batch_norm_group_size: int or None. See `DCGAN`.
        critic_steps: int. See `GAN`; 5 in the projection paper.
        latent_distribution, ema_half_life, seed, name: see `GAN`. `"hypercube"` is U(0, 1).

    Call arguments:
        inputs: `[latents, class_id]`, or a dict of these names: float32 `[B, latent_size]` of the
            `latent_distribution`, and int32 `[B]` from 0 to `num_classes - 1`. Returns images
            `[B, H, W, C]` in [-1, 1].

    Raises:
        UserInputError: on an argument that the networks cannot be built with.

    Example:

    ```python
    cgan = CGAN(num_classes=2, image_size=8, channels=1, filters=4)
    cgan.compile()
    labels = np.arange(64) % 2
    cgan.fit(np.ones((64, 8, 8, 1), "float32") * (2 * labels - 1)[:, None, None, None], labels)
    ones = cgan.sample(seeds=range(4), class_ids=[1, 1, 1, 1])
    ```
    """

    presets = PRESETS

    def __init__(
        self,
        num_classes: int = 10,
        image_size: int = 32,
        channels: int = 1,
        architecture: str = "convolutional",
        condition: str = "concatenation",
        latent_size: int = 100,
        filters: int = 64,
        base_size: int = 4,
        loss="non_saturating",
        fake_labels: str = "uniform",
        aux_on_fake: bool = True,
        dropout: float = 0.0,
        batch_norm_group_size: int | None = None,
        critic_steps: int = 1,
        latent_distribution: str = "normal",
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        _check_choice("architecture", architecture, ARCHITECTURES)
        _check_choice("condition", condition, CONDITIONS)
        _check_choice("fake_labels", fake_labels, FAKE_LABELS)
        whole_number("num_classes", num_classes, 2)
        whole_number("latent_size", latent_size, 1)
        whole_number("critic_steps", critic_steps, 1)
        self.arguments = {
            "num_classes": num_classes,
            "image_size": image_size,
            "channels": channels,
            "architecture": architecture,
            "condition": condition,
            "latent_size": latent_size,
            "filters": filters,
            "base_size": base_size,
            "fake_labels": fake_labels,
            "aux_on_fake": aux_on_fake,
            "dropout": dropout,
            "batch_norm_group_size": batch_norm_group_size,
            "critic_steps": critic_steps,
        }
        self.num_classes, self.latent_size = num_classes, latent_size
        self.image_shape = (image_size, image_size, channels)
        self.condition, self.fake_labels, self.aux_on_fake = condition, fake_labels, aux_on_fake
        self.adversarial_loss = adversarial.get(loss)
        self.latent_distribution = check_distribution(latent_distribution)
        self.batches_per_step = critic_steps
        self.generator, self.discriminator = _pair(self.arguments)
        self.declare_player("discriminator", "discriminator")
        self.declare_player("generator", "generator", served=True)

    def batch_spec(self):
        return {"image": Image(*self.image_shape), "label": ClassId(self.num_classes)}

    def default_optimizers(self):
        """Returns Adam 2e-4, beta_1 0.5, beta_2 0.999, epsilon 1e-8: ACGAN's and DCGAN's.

        The projection paper has beta_1 0 and beta_2 0.9; the first one momentum.
        """
        return {
            player: keras.optimizers.Adam(2e-4, beta_1=0.5, epsilon=1e-8)
            for player in ("discriminator", "generator")
        }

    def call(self, inputs):
        # What is no pair is refused by the network, in words of Keras.
        if isinstance(inputs, dict) and "class_id" in inputs:
            inputs = {**inputs, "class_id": self._existing(inputs["class_id"])}
        elif isinstance(inputs, list | tuple) and len(inputs) == 2:
            inputs = [inputs[0], self._existing(inputs[1])]
        return self.served_network("generator")(inputs, training=False)

    # === Algorithm ===

    def train_step(self, batch):
        for critic_batch in self.batches(batch):
            real, label = critic_batch["image"], critic_batch["label"]
            z, fake_label = self.latents_and_labels("discriminator", label)
            self.update("discriminator", self.discriminator_loss, real, label, z, fake_label)
        z, fake_label = self.latents_and_labels("generator", label)
        self.update("generator", self.generator_loss, z, fake_label, real, label)
        return self.step_logs()

    def latents_and_labels(self, name: str, label):
        """Draws latents and classes for this replica's fakes."""
        z = self.noise(f"{name}_latents", (self.latent_size,), self.latent_distribution)
        if self.fake_labels == "prior":
            return z, label
        share = self.noise(f"{name}_labels", (), "hypercube")
        return z, tf.minimum(tf.cast(share * self.num_classes, tf.int32), self.num_classes - 1)

    def judge(self, images, label, training):
        """Returns D's logits, and its class logits where it has to tell the class, else None."""
        if self.condition == "auxiliary":
            return self.discriminator(images, training=training)
        return self.discriminator([images, label], training=training), None

    def discriminator_loss(self, real, label, latents, fake_label, training=True):
        """D's loss; for ACGAN it also minimises -log P(class) of reals and, as asked for, fakes."""
        fake = self.generator([latents, fake_label], training=training)
        real_logits, real_classes = self.judge(real, label, training)
        fake_logits, fake_classes = self.judge(tf.stop_gradient(fake), fake_label, training)
        terms = self.adversarial_loss.discriminator(real_logits, fake_logits)
        if self.condition == "auxiliary":
            terms["class_real"] = _cross_entropy(label, real_classes)
            if self.aux_on_fake:
                terms["class_fake"] = _cross_entropy(fake_label, fake_classes)
        return Loss(terms, {"real_score": real_logits, "fake_score": fake_logits})

    def generator_loss(self, latents, fake_label, real, label, training=True):
        """G's loss; `real` is looked at only by losses that pair real and fake samples."""
        fake = self.generator([latents, fake_label], training=training)
        fake_logits, fake_classes = self.judge(fake, fake_label, training)
        real_logits = None
        if self.adversarial_loss.needs_real_in_generator:
            real_logits, _ = self.judge(real, label, training)
        terms = {"adversarial": self.adversarial_loss.generator(fake_logits, real_logits)}
        if self.condition == "auxiliary":
            terms["class_fake"] = _cross_entropy(fake_label, fake_classes)
        return Loss(terms)

    # === Samples and signatures ===

    def sample(self, seeds, class_ids) -> np.ndarray:
        """Returns images `[N, H, W, C]` in [-1, 1], as the servable's `serving_default` does.

        Args:
            seeds: ints `[N]`.
            class_ids: ints `[N]`, 0 to `num_classes - 1`.

        Raises:
            UserInputError: on other numbers, or of another length.
        """
        seeds = checked_seeds(seeds)
        class_ids = checked_class_ids(class_ids, len(seeds), self.num_classes)
        return self.infer(self._sample_of, {"seed": seeds, "class_id": class_ids})

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns a grid with a row for each class, of the same seeds in each row."""
        del examples
        columns = max(1, num // self.num_classes)
        class_ids = np.repeat(np.arange(self.num_classes), columns)
        seeds = np.tile(np.arange(seed, seed + columns), self.num_classes)
        return ImageGrid(self.sample(seeds, class_ids), columns)

    def latent_spaces(self) -> dict[str, LatentSpace]:
        """Returns the space z of the latents; a class goes with each point."""
        return {
            "z": LatentSpace(
                (self.latent_size,),
                self.image_shape,
                decode=lambda points, given: tf.cast(self([points, given["class_id"]]), tf.float32),
                of_seeds=self._latents_of,
                distribution=self.latent_distribution,
                conditions={"class_id": class_condition(self.num_classes)},
                judge=lambda images, given: self.judge(images, given["class_id"], False)[0],
            )
        }

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers."""
        class_id = {"class_id": tf.TensorSpec([None], tf.int32, name="class_id")}
        seed = {"seed": tf.TensorSpec([None], tf.int64, name="seed")}
        latents = {"latents": tf.TensorSpec([None, self.latent_size], tf.float32, name="latents")}

        def classes(num_rows):
            return {"class_id": (np.arange(num_rows) % self.num_classes).astype(np.int32)}

        def seeds(num_rows):
            return {"seed": np.arange(num_rows, dtype=np.int64), **classes(num_rows)}

        def some_latents(num_rows):
            drawn = self._latents_of(tf.range(num_rows, dtype=tf.int64)).numpy()
            return {"latents": drawn, **classes(num_rows)}

        def from_seed(seed, class_id):
            return {"images": self._sample_of({"seed": seed, "class_id": class_id})}

        def from_latents(latents, class_id):
            return {"images": tf.cast(self([latents, class_id]), tf.float32)}

        def png(seed, class_id):
            return {"image_bytes": encode_png(from_seed(seed, class_id)["images"])}

        of_class = f"a class from 0 to {self.num_classes - 1} per row"
        signatures = {
            "serving_default": Signature(
                from_seed,
                {**seed, **class_id},
                f"A seed and {of_class} to images in [-1, 1].",
                seeds,
            ),
            "from_latents": Signature(
                from_latents,
                {**latents, **class_id},
                f"Latents ({self.latent_distribution}) and {of_class} to images in [-1, 1].",
                some_latents,
                ranges={"latents": LATENT_RANGE},
            ),
        }
        if self.image_shape[-1] in (1, 3, 4):
            signatures["png"] = Signature(
                png, {**seed, **class_id}, f"A seed and {of_class} to PNG files.", seeds
            )
        return signatures

    def _sample_of(self, inputs):
        latents = self._latents_of(inputs["seed"])
        return tf.cast(self([latents, inputs["class_id"]]), tf.float32)

    def _existing(self, class_id):
        return check_ids("class_id", class_id, self.num_classes)

    def _latents_of(self, seeds):
        return latents_from_seeds(seeds, self.latent_size, self.latent_distribution)

    def get_config(self):
        return {
            **super().get_config(),
            **self.arguments,
            "loss": adversarial.serialize(self.adversarial_loss),
            "latent_distribution": self.latent_distribution,
        }


def _pair(arguments):
    """Returns generator and discriminator."""
    num_classes, condition = arguments["num_classes"], arguments["condition"]
    size, channels = arguments["image_size"], arguments["channels"]
    if arguments["architecture"] == "mlp":
        if condition != "concatenation":
            raise UserInputError(
                f'architecture="mlp" knows condition="concatenation" only. Received: {condition!r}.'
            )
        return networks.mlp_pair(
            (size, size, channels), num_classes, arguments["latent_size"], arguments["dropout"]
        )
    if arguments["dropout"]:
        raise UserInputError('dropout is for architecture="mlp".')
    shared = {
        "image_size": size,
        "channels": channels,
        "num_classes": num_classes,
        "filters": arguments["filters"],
        "base_size": arguments["base_size"],
        "batch_norm_group_size": arguments["batch_norm_group_size"],
    }
    generator = networks.convolutional_generator(
        latent_size=arguments["latent_size"],
        condition="batch_norm" if condition == "projection" else "concatenation",
        **shared,
    )
    return generator, networks.convolutional_discriminator(condition=condition, **shared)


def _cross_entropy(label, logits):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(label, logits)


def _check_choice(argument, value, choices):
    if value not in choices:
        raise UserInputError(
            f"{argument} must be one of {', '.join(map(repr, choices))}. Received: {value!r}."
            f"{closest_name(str(value), choices)}"
        )
