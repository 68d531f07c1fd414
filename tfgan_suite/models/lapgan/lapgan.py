"""LAPGAN: a GAN of the smallest images, and one of the details for each larger size."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import whole_number
from tfgan_suite.drawing import ImageGrid
from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.fields import ClassId, Image
from tfgan_suite.losses import adversarial
from tfgan_suite.models.asked import checked_class_ids, checked_examples, checked_seeds
from tfgan_suite.models.lapgan import networks
from tfgan_suite.models.lapgan.presets import PRESETS
from tfgan_suite.models.registry import register
from tfgan_suite.networks.pyramids import laplacian_pyramid, resized
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

SMALLEST_DETAILS = 9
"""Side of the smallest details: the discriminators have two convolutions of 5 x 5, unpadded."""


@register("lapgan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class LAPGAN(GenerativeModel):
    """A Laplacian pyramid of GANs: coarse images first, then what each larger size adds to them.

    Source: [Denton et al., 2015](https://arxiv.org/abs/1506.05751). The game of each size is a pair
    of players of its own, `generator_<size>` and `discriminator_<size>`. All sizes train in one
    step, none moves another; details are learned on real coarser images.

    Args:
        sizes: ints, rising: sides of the images, from the coarsest to the finest. All but the
            first are at least 9.
        channels: int.
        num_classes: int; 0 for a model without classes, else the classes 0 to `num_classes - 1`
            condition all networks (CC-LAPGAN).
        latent_size: int. Of the coarsest images; details take a plane of noise.
        filters: int. Maps of the networks of details.
        generator_units, discriminator_units: two ints each. Hidden units at the coarsest size.
        join: how a discriminator sees details and enlarged coarser images: `"add"`, as in the
            authors' code, so that it sees their sum alone, or `"concatenate"`.
        dropout: float in [0, 1). In the discriminators.
        loss: see `GAN`.
        ema_half_life, seed, name: see `GAN`.

    Call arguments:
        inputs: list, or dict by these names: `latents`, float32 `[B, latent_size]`; for each
            further size `noise_<size>`, float32 `[B, size, size, 1]`; with classes `class_id`,
            int32 `[B]`. All noise from U(-1, 1). Returns images `[B, H, W, C]` in [-1, 1].

    Raises:
        UserInputError: on an argument that the networks cannot be built with.

    Example:

    ```python
    lapgan = LAPGAN(sizes=(8, 16), channels=3, generator_units=(64, 64), filters=8)
    lapgan.compile()
    lapgan.fit(np.random.uniform(-1, 1, (64, 16, 16, 3)).astype("float32"))
    images = lapgan.sample(seeds=range(4))
    larger = lapgan.refine(images[:, ::2, ::2], seeds=range(4))
    ```
    """

    presets = PRESETS

    def __init__(
        self,
        sizes: Sequence[int] = (8, 14, 28),
        channels: int = 3,
        num_classes: int = 0,
        latent_size: int = 100,
        filters: int = 64,
        generator_units: Sequence[int] = (8000, 8000),
        discriminator_units: Sequence[int] = (1600, 1600),
        join: str = "add",
        dropout: float = 0.5,
        loss="non_saturating",
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        sizes = _checked_sizes(sizes)
        whole_number("channels", channels, 1)
        whole_number("filters", filters, 1)
        _check_units("generator_units", generator_units)
        _check_units("discriminator_units", discriminator_units)
        whole_number("latent_size", latent_size, 1)
        whole_number("num_classes", num_classes, 0)
        if join not in networks.JOINS:
            raise UserInputError(
                f"join must be one of {', '.join(map(repr, networks.JOINS))}. Received: {join!r}."
                f"{closest_name(str(join), networks.JOINS)}"
            )
        self.arguments = {
            "sizes": sizes,
            "channels": channels,
            "num_classes": num_classes,
            "latent_size": latent_size,
            "filters": filters,
            "generator_units": tuple(generator_units),
            "discriminator_units": tuple(discriminator_units),
            "join": join,
            "dropout": dropout,
        }
        self.sizes, self.channels = sizes, channels
        self.num_classes, self.latent_size = num_classes, latent_size
        self.adversarial_loss = adversarial.get(loss)
        self.levels = tuple(Level(self, size) for size in sizes)
        for level in self.levels:
            generator, discriminator = self._pair(level.size)
            setattr(self, level.generator, generator)
            setattr(self, level.discriminator, discriminator)
            self.declare_player(level.discriminator, level.discriminator)
            self.declare_player(level.generator, level.generator, served=True)

    def _pair(self, size):
        given = self.arguments
        shared = (size, given["channels"], given["num_classes"])
        if size == self.sizes[0]:
            return networks.coarse_generator(
                *shared, given["latent_size"], given["generator_units"]
            ), networks.coarse_discriminator(
                *shared, given["discriminator_units"], given["dropout"]
            )
        return networks.detail_generator(*shared, given["filters"]), networks.detail_discriminator(
            *shared, given["filters"], given["join"], given["dropout"]
        )

    def batch_spec(self):
        image = {"image": Image(self.sizes[-1], self.sizes[-1], self.channels)}
        return {**image, "label": ClassId(self.num_classes)} if self.num_classes else image

    def default_optimizers(self):
        """Returns SGD 0.02 with momentum 0.5 for each player: where the authors' code begins.

        The code divides the rate by 1.000004 at each update and raises the momentum to 0.7.
        """
        return {player: keras.optimizers.SGD(0.02, momentum=0.5) for player in self.players()}

    def call(self, inputs):
        latents, *planes, class_id = self._noise_and_class(inputs)
        coarsest = self._made(self.levels[0], latents, [*class_id])
        return self._grown(coarsest, planes, class_id)

    # === Algorithm ===

    def train_step(self, batch):
        label = [batch["label"]] if self.num_classes else []
        for level, (real, coarse) in zip(self.levels, self.pyramid(batch["image"]), strict=True):
            given = [*coarse, *label]
            z = self.noise(level.discriminator, level.noise_shape, "uniform")
            self.update(level.discriminator, level.discriminator_loss, real, z, given)
            z = self.noise(level.generator, level.noise_shape, "uniform")
            self.update(level.generator, level.generator_loss, z, given, real)
        return self.step_logs()

    def pyramid(self, images):
        """Returns what each size is to learn, coarsest first: pairs of a tensor and a list.

        Args:
            images: `[B, S, S, C]` of the last size.

        Returns:
            The coarsest images and []; for each further size the details and [the coarser images,
            enlarged].
        """
        *details, coarsest = laplacian_pyramid(images, self.sizes[-2::-1])
        pairs, images = [(coarsest, [])], coarsest
        for size, detail in zip(self.sizes[1:], reversed(details), strict=True):
            enlarged = resized(images, size)
            pairs.append((detail, [enlarged]))
            images = enlarged + detail
        return pairs

    # === Samples and signatures ===

    def sample(self, seeds, class_ids=None) -> np.ndarray:
        """Returns images `[N, H, W, C]` in [-1, 1], as the servable's `serving_default` does.

        Args:
            seeds: ints `[N]`.
            class_ids: ints `[N]`, 0 to `num_classes - 1`; None without classes.

        Raises:
            UserInputError: on other numbers, or of another length.
        """
        return self.infer(self._sample_of, self._seeds_and_classes(seeds, class_ids))

    def refine(self, coarse, seeds, class_ids=None) -> np.ndarray:
        """Returns images of the last size that given coarsest images become.

        Args:
            coarse: float32 `[N, s, s, C]` in [-1, 1] of the first size, such as real ones.
            seeds, class_ids: see `sample`.

        Raises:
            UserInputError: as `sample` does, and on images of another shape.
        """
        inputs = self._seeds_and_classes(seeds, class_ids)
        size = self.sizes[0]
        coarse = checked_examples("coarse", coarse, Image(size, size, self.channels))
        if len(coarse) != len(inputs["seed"]):
            raise UserInputError(
                f"refine takes an image for each seed. Received {len(coarse)} images and "
                f"{len(inputs['seed'])} seeds."
            )
        return self.infer(self._refined, {"coarse_images": coarse, **inputs})

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns a grid of samples: with classes a row for each, of the same seeds."""
        del examples
        if not self.num_classes:
            return ImageGrid(self.sample(np.arange(seed, seed + num)))
        columns = max(1, num // self.num_classes)
        class_ids = np.repeat(np.arange(self.num_classes), columns)
        seeds = np.tile(np.arange(seed, seed + columns), self.num_classes)
        return ImageGrid(self.sample(seeds, class_ids), columns)

    def latent_spaces(self) -> dict[str, LatentSpace]:
        """Returns the space z of all noise in a row: latents, then the planes of each size."""
        shapes = {level.noise_name: level.noise_shape for level in self.levels}
        sizes = [int(np.prod(shape)) for shape in shapes.values()]

        def decode(points, given):
            parts = zip(shapes.items(), tf.split(points, sizes, axis=1), strict=True)
            noise = {name: tf.reshape(part, [-1, *shape]) for (name, shape), part in parts}
            return tf.cast(self({**noise, **given}), tf.float32)

        def of_seeds(seeds):
            parts = zip(self._noise_of(seeds).values(), sizes, strict=True)
            return tf.concat([tf.reshape(part, [-1, size]) for part, size in parts], axis=1)

        classes = {"class_id": class_condition(self.num_classes)} if self.num_classes else {}
        sample_shape = (self.sizes[-1], self.sizes[-1], self.channels)
        return {"z": LatentSpace((sum(sizes),), sample_shape, decode, of_seeds, "uniform", classes)}

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers."""
        side = self.sizes[0]
        seed = {"seed": tf.TensorSpec([None], tf.int64, name="seed")}
        class_id, of_class = {}, ""
        if self.num_classes:
            class_id = {"class_id": tf.TensorSpec([None], tf.int32, name="class_id")}
            of_class = f" and a class from 0 to {self.num_classes - 1}"
        noise = {
            level.noise_name: tf.TensorSpec([None, *level.noise_shape], tf.float32)
            for level in self.levels
        }
        coarse = tf.TensorSpec([None, side, side, self.channels], tf.float32)

        def seeds(num_rows):
            some = {"seed": np.arange(num_rows, dtype=np.int64)}
            if self.num_classes:
                some["class_id"] = (np.arange(num_rows) % self.num_classes).astype(np.int32)
            return some

        def some_noise(num_rows):
            some = seeds(num_rows)
            drawn = self._noise_of(some.pop("seed"))
            return {**{name: drawn[name].numpy() for name in drawn}, **some}

        def some_coarse(num_rows):
            images = np.linspace(-1, 1, num_rows * side * side * self.channels, dtype=np.float32)
            return {"coarse_images": images.reshape(-1, *coarse.shape[1:]), **seeds(num_rows)}

        def from_seed(**inputs):
            return {"images": self._sample_of(inputs)}

        signatures = {
            "serving_default": Signature(
                from_seed,
                {**seed, **class_id},
                f"A seed{of_class} per row to images in [-1, 1].",
                seeds,
            ),
            "from_latents": Signature(
                lambda **inputs: {"images": tf.cast(self(inputs), tf.float32)},
                {**noise, **class_id},
                f"Latents and planes of noise from U(-1, 1){of_class} to images in [-1, 1].",
                some_noise,
                ranges=dict.fromkeys(noise, LATENT_RANGE),
            ),
            "refine": Signature(
                lambda **inputs: {"images": self._refined(inputs)},
                {"coarse_images": coarse, **seed, **class_id},
                f"Images of {side} x {side} in [-1, 1], a seed{of_class} per row to images of the "
                "last size in [-1, 1].",
                some_coarse,
                ranges={"coarse_images": (-1, 1)},
            ),
        }
        if self.channels in (1, 3, 4):
            signatures["png"] = Signature(
                lambda **inputs: {"image_bytes": encode_png(self._sample_of(inputs))},
                {**seed, **class_id},
                f"A seed{of_class} per row to PNG files.",
                seeds,
            )
        return signatures

    def _sample_of(self, inputs):
        return tf.cast(self({**self._noise_of(inputs["seed"]), **_class_of(inputs)}), tf.float32)

    def _refined(self, inputs):
        _, *planes = self._noise_of(inputs["seed"]).values()
        class_id = self._existing(_class_of(inputs))
        return tf.cast(self._grown(inputs["coarse_images"], planes, class_id), tf.float32)

    def _grown(self, images, planes, class_id):
        """Returns what coarsest images become with noise for each further size."""
        for level, noise in zip(self.levels[1:], planes, strict=True):
            enlarged = resized(images, level.size)
            images = enlarged + self._made(level, noise, [enlarged, *class_id])
        return tf.clip_by_value(images, -1.0, 1.0)

    def _made(self, level, noise, given):
        made = self.served_network(level.generator)([noise, *given], training=False)
        return tf.cast(made, tf.float32)

    def _noise_of(self, seeds):
        """Returns the noise of each level by its name, coarsest first."""
        return {
            level.noise_name: tf.reshape(
                latents_from_seeds(seeds, int(np.prod(level.noise_shape)), "uniform", stream=i),
                [-1, *level.noise_shape],
            )
            for i, level in enumerate(self.levels)
        }

    def _noise_and_class(self, inputs):
        """Returns the noise of each level, and a list of the class or of nothing."""
        names = [level.noise_name for level in self.levels]
        wanted = [*names, "class_id"] if self.num_classes else names
        if not isinstance(inputs, dict):
            inputs = inputs if isinstance(inputs, list | tuple) else [inputs]
            if len(inputs) != len(wanted):
                raise UserInputError(f"LAPGAN takes {wanted}. Received: {len(inputs)} inputs.")
            inputs = dict(zip(wanted, inputs, strict=True))
        if missing := [name for name in wanted if name not in inputs]:
            raise UserInputError(f"LAPGAN takes {wanted}. Missing: {missing}.")
        return *(inputs[name] for name in names), self._existing(_class_of(inputs))

    def _existing(self, named):
        if not self.num_classes:
            return []
        return [check_ids("class_id", named["class_id"], self.num_classes)]

    def _seeds_and_classes(self, seeds, class_ids):
        """Returns the inputs of a servable, checked."""
        seeds = checked_seeds(seeds)
        class_ids = checked_class_ids(class_ids, len(seeds), self.num_classes or 0)
        return {"seed": seeds} | ({} if class_ids is None else {"class_id": class_ids})

    def get_config(self):
        return {
            **super().get_config(),
            **self.arguments,
            "loss": adversarial.serialize(self.adversarial_loss),
        }


class Level:
    """The game of one size.

    Attributes:
        size: int.
        generator, discriminator: str. Names of its players, each with a network of this name.
        noise_name: str. Name of the generator's noise among the inputs of the model.
        noise_shape: tuple of ints. Of one example.
    """

    def __init__(self, model: LAPGAN, size: int):
        self._model, self.size = model, size
        self.generator, self.discriminator = f"generator_{size}", f"discriminator_{size}"
        is_coarsest = size == model.sizes[0]
        self.noise_name = "latents" if is_coarsest else f"noise_{size}"
        self.noise_shape = (model.latent_size,) if is_coarsest else (size, size, 1)

    def discriminator_loss(self, real, noise, given, training=True):
        """D's loss on real and made details of the same coarser images."""
        discriminator = getattr(self._model, self.discriminator)
        fake = tf.stop_gradient(self._make(noise, given, training))
        real_logits = discriminator([real, *given], training=training)
        fake_logits = discriminator([fake, *given], training=training)
        terms = self._model.adversarial_loss.discriminator(real_logits, fake_logits)
        return Loss(terms, {"real_score": real_logits, "fake_score": fake_logits})

    def generator_loss(self, noise, given, real, training=True):
        """G's loss; `real` is looked at only by losses that pair real and fake samples."""
        discriminator = getattr(self._model, self.discriminator)
        fake = self._make(noise, given, training)
        fake_logits = discriminator([fake, *given], training=training)
        real_logits = None
        if self._model.adversarial_loss.needs_real_in_generator:
            real_logits = discriminator([real, *given], training=training)
        terms = {"adversarial": self._model.adversarial_loss.generator(fake_logits, real_logits)}
        return Loss(terms, {"details": tf.math.reduce_std(fake, axis=[1, 2, 3])})

    def _make(self, noise, given, training):
        return getattr(self._model, self.generator)([noise, *given], training=training)


def _checked_sizes(sizes):
    are_sizes = (
        isinstance(sizes, Sequence)
        and len(sizes) >= 2
        and all(isinstance(size, int) and not isinstance(size, bool) for size in sizes)
        and sizes[0] >= 1
        and all(small < large for small, large in zip(sizes, sizes[1:], strict=False))
    )
    if not are_sizes:
        raise UserInputError(
            "sizes are two or more rising whole numbers, from the coarsest to the finest, such as "
            f"(8, 14, 28). Received: {sizes!r}."
        )
    if sizes[1] < SMALLEST_DETAILS:
        raise UserInputError(
            f"All sizes but the coarsest are at least {SMALLEST_DETAILS}, for the discriminators' "
            f"convolutions. Received: {sizes!r}."
        )
    return tuple(sizes)


def _check_units(argument, units):
    if not isinstance(units, Sequence) or isinstance(units, str) or len(units) != 2:
        raise UserInputError(f"{argument} are two whole numbers. Received: {units!r}.")
    for number in units:
        whole_number(argument, number, 1)


def _class_of(inputs):
    return {"class_id": inputs["class_id"]} if "class_id" in inputs else {}
