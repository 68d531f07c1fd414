"""Style-based generator for GANs."""

import dataclasses
import functools
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import number, whole_number
from tfgan_suite.drawing import ImageGrid
from tfgan_suite.errors import UserInputError
from tfgan_suite.losses import penalties
from tfgan_suite.models.asked import checked_seeds
from tfgan_suite.models.progan.progan import ProGAN
from tfgan_suite.models.registry import register
from tfgan_suite.models.stylegan.architectures import ARCHITECTURES
from tfgan_suite.models.stylegan.networks import mapping_network
from tfgan_suite.models.stylegan.path_length import PathLength
from tfgan_suite.models.stylegan.presets import PRESETS
from tfgan_suite.signatures import (
    LATENT_RANGE,
    LatentSpace,
    Signature,
    check_ids,
    encode_png,
    latents_from_seeds,
    linear,
    spherical,
)
from tfgan_suite.training import Loss

TRUNCATIONS = (-2.0, 2.0)  # what a servable takes

_MIXED = 7  # columns of a table of mixed styles
_COARSE = 4  # styles of 4 x 4 and 8 x 8, the paper's coarse ones
_TRUNCATIONS = (1.0, 0.7, 0.5, 0.0, -0.5, -1.0)  # those of the paper's figure


@register("stylegan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class StyleGAN(ProGAN):
    """A GAN whose latents are styles of the generator's layers.

    A mapping network takes z to w; the synthesis network begins with a learned constant, and each
    of its layers (two for each size) adds noise, normalises each channel and scales and shifts it
    by a style that follows from w. Training grows as `ProGAN`'s.

    With the probability `mixing_probability` a step's images take the styles of another z from a
    random layer on. Truncation is w' = mean + psi (w - mean) in the first `truncated_layers`
    layers, with a tracked mean of w.

    With the architecture `"stylegan2"` styles scale the kernels of convolutions, each size adds to
    the image, D is residual, and nothing grows; `path_length` and `r1_every` are its penalties. The
    presets `stylegan2_...` hold the whole recipe.

    Sources: [Karras et al., 2019](https://arxiv.org/abs/1812.04948);
    [Karras et al., 2020](https://arxiv.org/abs/1912.04958).

    Args:
        image_size, channels, latent_size, filters_base, filters_max, first_size, stable_images,
            fade_images, batch_sizes, learning_rates, reset_optimizers, deviation_group, loss,
            gradient_penalty, r1, r2, drift, critic_steps, latent_distribution, ema_half_life, seed,
            name: see `ProGAN`. The defaults are the authors' for FFHQ: non-saturating loss with R1
            of gamma 10, beginning at 8 x 8.
        mapping_layers: int. Layers of the mapping network.
        mapping_rate: float. Factor by which its weights move slower.
        mixing_probability: float in [0, 1].
        truncation: float. psi of `call`, `draw`, and `sample` where no other is given.
        truncated_layers: int. How many layers are truncated, from the coarsest.
        architecture: `"stylegan"` or `"stylegan2"`; the second begins at `image_size`.
        r1_every: int. R1 in each k-th step only, k times as strong, in an update of its own; 1: in
            D's loss of each step. With k > 1 D's Adam is slowed to k / (k + 1), beta_2 too.
        path_length: float. Weight of the squared difference between the length of an image's
            gradient by w and its mean; 0: none. The authors': 2, with `"stylegan2"`.
        path_length_every: int. As `r1_every`, for this penalty and G; always in an update of its
            own.

    Call arguments:
        latents: `[B, latent_size]`. Returns images `[B, size, size, channels]` of the size that the
            training has reached, truncated, without noise.

    Example:

    ```python
    stylegan = StyleGAN(image_size=32, channels=1, latent_size=8, filters_base=32, filters_max=8,
                        stable_images=64, fade_images=64, deviation_group=2)
    stylegan.compile()
    stylegan.fit(images, batch_size=16)  # float32 [N, 32, 32, 1] in [-1, 1]
    ```
    """

    presets = PRESETS

    def __init__(
        self,
        image_size: int = 1024,
        channels: int = 3,
        latent_size: int = 512,
        mapping_layers: int = 8,
        mapping_rate: float = 0.01,
        filters_base: int = 8192,
        filters_max: int = 512,
        mixing_probability: float = 0.9,
        truncation: float = 0.7,
        truncated_layers: int = 8,
        architecture: str = "stylegan",
        r1_every: int = 1,
        path_length: float = 0.0,
        path_length_every: int = 4,
        first_size: int = 8,
        stable_images: int = 600_000,
        fade_images: int = 600_000,
        batch_sizes: Mapping[int, int] | None = None,
        learning_rates: Mapping[int, float] | None = None,
        reset_optimizers: bool = True,
        deviation_group: int = 4,
        loss="non_saturating",
        gradient_penalty: float = 0.0,
        r1: float = 10.0,
        r2: float = 0.0,
        drift: float = 0.0,
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
            "mapping_layers": mapping_layers,
            "mapping_rate": mapping_rate,
            "filters_base": filters_base,
            "filters_max": filters_max,
            "mixing_probability": mixing_probability,
            "truncation": truncation,
            "truncated_layers": truncated_layers,
            "architecture": architecture,
            "r1_every": r1_every,
            "path_length": path_length,
            "path_length_every": path_length_every,
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
        whole_number("mapping_layers", mapping_layers, 1)
        whole_number("truncated_layers", truncated_layers, 0)
        whole_number("r1_every", r1_every, 1)
        whole_number("path_length_every", path_length_every, 1)
        if architecture not in ARCHITECTURES:
            raise UserInputError(
                f"architecture is one of {', '.join(ARCHITECTURES)}. Received: {architecture!r}."
            )
        self.architecture = ARCHITECTURES[architecture]
        if not self.architecture.grows and first_size != image_size:
            raise UserInputError(
                f"{architecture} does not grow: first_size must be image_size, {image_size}. "
                f"Received: {first_size!r}."
            )
        if not 0 <= mixing_probability <= 1:
            raise UserInputError(
                f"mixing_probability is between 0 and 1. Received: {mixing_probability!r}."
            )
        self._begin(arguments, loss, seed=seed, ema_half_life=ema_half_life, name=name)
        self.r1_is_lazy = r1 > 0 and r1_every > 1
        if self.r1_is_lazy:
            self.penalties = {**self.penalties, "r1": 0.0}
        if path_length:
            self.path_mean = PathLength(name="path_mean")
            self.declare_state("path_mean")

    def make_discriminator(self, **arguments):
        return self.architecture.discriminator(**arguments)

    def default_optimizers(self):
        """Returns ProGAN's Adam, slowed for a player that has updates of two kinds."""
        share = {"discriminator": 1.0, "generator": 1.0}
        if self.r1_is_lazy:
            share["discriminator"] = _share(self.arguments["r1_every"])
        if self.arguments["path_length"]:
            share["generator"] = _share(self.arguments["path_length_every"])
        return {player: self.adam(share[player]) for player in share}

    def make_generator(self, **arguments):
        self.mapping = mapping_network(
            self.arguments["latent_size"],
            self.arguments["mapping_layers"],
            self.arguments["mapping_rate"],
        )
        self.synthesis = self.architecture.synthesis(**arguments)
        self.declare_player("generator", "mapping", "synthesis", served=True)

    def served_form(self, network):
        if network.name == self.mapping.name:
            return network
        return self._part(network, self._synthesis_inputs(), self._image_layers())

    @property
    def style_layers(self) -> list[str]:
        """Names of the layers of the stage that take a style, from the coarsest on."""
        return self.architecture.style_layers_to(self.image_shape[0])[: self.num_styles]

    @property
    def num_styles(self) -> int:
        """Number of layers of the stage that take a style: two for each size from 4 on."""
        return 2 * (self.stage.settings.size.bit_length() - 2)

    def call(self, latents):
        w = self.truncated(self.served_network("mapping")(latents, training=False), None)
        return self.synthesised(w, self._noise_of(w, _no_noise))

    # === Algorithm ===

    def train_step(self, batch):
        alpha = self.alpha
        for critic_batch in self.batches(batch):
            real = self.seen(critic_batch["image"], alpha)
            drawn = self.drawn("discriminator")
            epsilon = self.noise("epsilon", (), "uniform") / 2 + 0.5
            self.update("discriminator", self.discriminator_loss, real, drawn, epsilon, alpha)
            if self.r1_is_lazy:
                due = self.every(self.arguments["r1_every"])
                self.update("discriminator", self.lazy_r1, real, alpha, when=due)
        self.update("generator", self.generator_loss, self.drawn("generator"), real, alpha)
        if self.arguments["path_length"]:
            self.regularize_path_length(alpha)
        return self.step_logs()

    def lazy_r1(self, real, alpha, training=True):
        """R1 of `r1_every` steps at once."""
        critic = functools.partial(self.judge, alpha=alpha, training=training)
        weight = self.arguments["r1"] / 2 * self.arguments["r1_every"]
        return Loss({"r1": weight * penalties.r1(critic, real)})

    def regularize_path_length(self, alpha):
        due = self.every(self.arguments["path_length_every"])
        size, channels = self.stage.settings.size, self.image_shape[-1]
        direction = self.noise("path_direction", (size, size, channels))
        mean = tf.convert_to_tensor(self.path_mean.mean.value)
        lengths = self.update(
            "generator",
            self.path_length_loss,
            self.drawn("path"),
            direction,
            mean,
            alpha,
            when=due,
        )
        moved = self.mean(lengths)
        if self.is_training_step:
            self.path_mean.move(tf.where(due, moved, mean))

    def path_length_loss(self, drawn, direction, mean, alpha, training=True):
        """How far the lengths of |J_w^T y| are from their mean, y a random image of unit variance.

        Args:
            drawn: what the images are made of.
            direction: `[B, size, size, C]`, from N(0, 1).
            mean: scalar, the mean of the lengths.
            alpha: scalar in [0, 1].
            training: bool. Mode of the networks.
        """
        styles = self.styles_of(drawn, training)
        with tf.GradientTape() as tape:
            tape.watch(styles)
            images = self.images_of(styles, drawn["noise"], alpha, training)
            side = float(self.stage.settings.size)
            projected = tf.reduce_sum(tf.cast(images, tf.float32) * direction / side)
        gradient = tf.cast(tape.gradient(projected, styles), tf.float32)
        squared = tf.reduce_sum(gradient**2, axis=2)
        lengths = tf.sqrt(tf.reduce_sum(squared, axis=1) / self.num_styles + 1e-12)
        weight = self.arguments["path_length"] * self.arguments["path_length_every"]
        terms = {"path_length": weight * (lengths - mean) ** 2}
        return Loss(terms, {"path": lengths}, tf.stop_gradient(lengths))

    def drawn(self, player: str) -> dict:
        """Draws what G makes the images of a step of: two latents, their layers, noise."""
        z = [
            self.noise(f"{player}_latents", self.latent_shape, self.latent_distribution)
            for _ in range(2)
        ]
        chance, place = tf.unstack(self.random(f"{player}_mixing", (2,)))
        crossover = 1 + tf.cast(place * (self.num_styles - 1), tf.int32)
        mixes = chance < self.arguments["mixing_probability"]
        return {
            "latents": z,
            "crossover": tf.where(mixes, crossover, self.num_styles),
            "noise": {
                layer: self.noise(f"{player}_{layer}", (size, size, 1))
                for layer, size in self._noise_sizes()
            },
        }

    def generate(self, drawn, alpha, training):
        """Returns G's images of the stage, of what `drawn` gives."""
        styles = self.styles_of(drawn, training)
        return self.images_of(styles, drawn["noise"], alpha, training)

    def styles_of(self, drawn, training):
        """Returns the styles `[B, L, latent_size]` of what `drawn` gives."""
        first, second = (self.mapping(z, training=training)[0] for z in drawn["latents"])
        return self.mixed(first, second, drawn["crossover"])

    def images_of(self, styles, noise, alpha, training):
        """Returns G's images of the stage, of styles and of the noise by layer."""
        part = self._part(self.synthesis, self._synthesis_inputs(), self._image_layers())
        return self.faded(part([styles, *noise.values()], training=training), alpha)

    def mixed(self, first, second, crossover):
        """Returns styles `[B, L, latent_size]`: of `first` below the layer `crossover`.

        Args:
            first, second: w, `[B, latent_size]`.
            crossover: int scalar, or `[B]`.
        """
        layers = tf.range(self._all_styles())
        of_first = layers[None, :, None] < tf.reshape(crossover, [-1, 1, 1])
        return tf.where(of_first, first[:, None], second[:, None])

    # === Samples and signatures ===

    def truncated(self, mapped, truncation):
        """Returns the styles `[B, L, latent_size]` of what the mapping network gave.

        Args:
            mapped: w and its mean, `[B, latent_size]` each.
            truncation: psi by row, `[B]`; None: the model's.
        """
        w, mean = mapped
        if truncation is None:
            truncation = tf.fill([tf.shape(w)[0]], float(self.arguments["truncation"]))
        psi = tf.cast(truncation, w.dtype)[:, None]
        cut = tf.constant(self.arguments["truncated_layers"])
        return self.mixed(mean + psi * (w - mean), w, cut)

    def synthesised(self, styles, noise):
        """Returns the served images of styles and of the noise of each layer."""
        images = self.served_network("synthesis")([styles, *noise], training=False)
        return tf.cast(self.faded(images, self.alpha), tf.float32)

    def sample(self, seeds, truncation: float | None = None) -> np.ndarray:
        """Returns the samples of these seeds, as the servable's `serving_default` does.

        Args:
            seeds: ints `[N]`, one for each sample.
            truncation: float. psi of all of them; None: the model's.

        Raises:
            UserInputError: they are something else, such as a single number or latents, or psi is
                out of range.
        """
        if truncation is None:
            return super().sample(seeds)
        number("truncation", truncation, *TRUNCATIONS)
        seeds = checked_seeds(seeds)
        psis = np.full(len(seeds), truncation, np.float32)
        return self.infer(self._truncated_of, {"seed": seeds, "truncation": psis})

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns a grid of the samples of `num` seeds from `seed` on."""
        del examples
        return ImageGrid(self.sample(np.arange(seed, seed + num)))

    def drawings(self):
        return {
            **super().drawings(),
            "mixing": self.draw_mixing,
            "truncation": self.draw_truncation,
        }

    def draw_mixing(self, num: int, seed: int = 0, examples=None):
        """Returns a table: coarse styles of the row's seed, finer ones of the column's.

        The first column shows the `num` rows' own images, the first row those of the columns. The
        column's styles begin at 16 x 16, or half way up a smaller stage. Rows are the seeds from
        `seed` on, columns the next ones.
        """
        del examples
        rows = seed + np.arange(num)
        columns = seed + num + np.arange(_MIXED)
        crossover = min(_COARSE, self.num_styles // 2)
        first, second = (a.ravel() for a in np.meshgrid(rows, columns, indexing="ij"))
        mixed = self.infer(
            self._mixed_of,
            {
                "seed": first.astype(np.int64),
                "mixed_seed": second.astype(np.int64),
                "crossover": np.full(first.shape, crossover, np.int32),
            },
        )
        table = np.ones((num + 1, _MIXED + 1, *mixed.shape[1:]), np.float32)
        table[0, 1:], table[1:, 0] = self.sample(columns), self.sample(rows)
        table[1:, 1:] = mixed.reshape(num, _MIXED, *mixed.shape[1:])
        return ImageGrid(table.reshape(-1, *mixed.shape[1:]), _MIXED + 1)

    def draw_truncation(self, num: int, seed: int = 0, examples=None):
        """Returns a row for each of `num` seeds, of truncation 1, 0.7, 0.5, 0, -0.5 and -1."""
        del examples
        seeds = np.repeat(np.arange(seed, seed + num), len(_TRUNCATIONS))
        inputs = {"seed": seeds, "truncation": np.tile(_TRUNCATIONS, num).astype(np.float32)}
        return ImageGrid(self.infer(self._truncated_of, inputs), len(_TRUNCATIONS))

    def latent_spaces(self) -> dict[str, LatentSpace]:
        """Returns w, `w_plus` with a w for each layer of the stage, and z; all without noise."""
        z = super().latent_spaces()["z"]
        shape = (self.num_styles, self.latent_shape[0])

        def styles_of_seeds(seeds):
            return self.truncated(self._w_of(seeds), None)[:, : shape[0]]

        def decode_w(points, _):
            return self._of_styles(tf.repeat(points[:, None], shape[0], axis=1))

        of_w = {"distribution": None, "decode": decode_w, "shape": shape[1:]}
        w = dataclasses.replace(z, of_seeds=lambda seeds: styles_of_seeds(seeds)[:, 0], **of_w)
        of_layers = {"shape": shape, "decode": lambda points, _: self._of_styles(points)}
        w_plus = dataclasses.replace(w, of_seeds=styles_of_seeds, **of_layers)
        return {"w": w, "w_plus": w_plus, "z": z}

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers."""
        num_styles, latent_size = self.num_styles, self.latent_shape[0]
        seed = tf.TensorSpec([None], tf.int64, name="seed")
        psi = tf.TensorSpec([None], tf.float32, name="truncation")
        other = tf.TensorSpec([None], tf.int64, name="mixed_seed")
        crossover = tf.TensorSpec([None], tf.int32, name="crossover")
        styles = tf.TensorSpec([None, num_styles, latent_size], tf.float32, name="w")

        def seeds(num_rows):
            psis = np.linspace(0, 1, num_rows).astype(np.float32)
            return {"seed": np.arange(num_rows, dtype=np.int64), "truncation": psis}

        def pairs(num_rows):
            rows = np.arange(num_rows)
            return {
                **seeds(num_rows),
                "mixed_seed": (rows + 1000).astype(np.int64),
                "crossover": (rows % (num_styles + 1)).astype(np.int32),
            }

        def some_styles(num_rows):
            w = self._w_of(tf.range(num_rows, dtype=tf.int64))[0]
            return {"w": np.repeat(w.numpy()[:, None], num_styles, axis=1)}

        def from_seed(seed, truncation):
            return {"images": self._image_of(self._w_of(seed), truncation, seed)}

        def png(seed, truncation):
            return {"image_bytes": encode_png(from_seed(seed, truncation)["images"])}

        def mix(seed, truncation, mixed_seed, crossover):
            crossover = check_ids("crossover", crossover, num_styles + 1)
            inputs = {"seed": seed, "mixed_seed": mixed_seed, "crossover": crossover}
            return {"images": self._mixed_of({**inputs, "truncation": truncation})}

        def from_w(w):
            return {"images": self._of_styles(w)}

        ranges = {"truncation": TRUNCATIONS}
        signatures = {
            "serving_default": Signature(
                from_seed,
                {"seed": seed, "truncation": psi},
                "A seed and a truncation (1: none, 0: the mean image) per row to images in "
                "[-1, 1].",
                seeds,
                ranges,
            ),
            "mix": Signature(
                mix,
                {"seed": seed, "truncation": psi, "mixed_seed": other, "crossover": crossover},
                f"Styles of a seed up to the layer crossover (0 to {num_styles}), from there on of "
                "another seed, per row, to images in [-1, 1].",
                pairs,
                ranges,
            ),
            "from_w": Signature(
                from_w,
                {"w": styles},
                "A w for each layer, per row, to images in [-1, 1], without noise.",
                some_styles,
                {"w": LATENT_RANGE},
            ),
        }
        if self.image_shape[-1] in (1, 3, 4):
            signatures["png"] = Signature(
                png,
                {"seed": seed, "truncation": psi},
                "A seed and a truncation per row to PNG files.",
                seeds,
                ranges,
            )
        return signatures

    def interpolated(self, inputs, space):
        """Returns images between two seeds, with the noise of the first: for `infer`.

        Args:
            inputs: dict of `seed`, `other` (int64 `[B]`), `position` (float32 `[B]`), and, where
                it is not the model's, `truncation` (float32 `[B]`).
            space: `"z"`, on a great circle, or `"w"`, on a straight way.
        """
        seeds, others, position = (inputs[name] for name in ("seed", "other", "position"))
        if space == "z":
            z = spherical(self._latents_of(seeds), self._latents_of(others), position)
            mapped = self.served_network("mapping")(z, training=False)
        else:
            first, mean = self._w_of(seeds)
            mapped = linear(first, self._w_of(others)[0], position), mean
        return self._image_of(mapped, inputs.get("truncation"), seeds)

    def _between(self, inputs):
        return self.interpolated(inputs, "w")

    def _of_styles(self, w):
        """Returns images without noise of a w for each layer of the stage."""
        w = tf.pad(w, [[0, 0], [0, self._all_styles() - self.num_styles], [0, 0]])
        return self.synthesised(w, self._noise_of(w, _no_noise))

    def _sample_of(self, seeds):
        return self._image_of(self._w_of(seeds), None, seeds)

    def _truncated_of(self, inputs):
        return self._image_of(self._w_of(inputs["seed"]), inputs["truncation"], inputs["seed"])

    def _mixed_of(self, inputs):
        truncation = inputs.get("truncation")
        first, second = (
            self.truncated(self._w_of(inputs[name]), truncation) for name in ("seed", "mixed_seed")
        )
        num_layers = first.shape[1]
        below = tf.range(num_layers)[None] < inputs["crossover"][:, None]
        styles = tf.where(below[:, :, None], first, second)
        return self.synthesised(styles, self._noise_of(styles, _noise_of_seeds(inputs["seed"])))

    def _image_of(self, mapped, truncation, seeds):
        styles = self.truncated(mapped, truncation)
        return self.synthesised(styles, self._noise_of(styles, _noise_of_seeds(seeds)))

    def _w_of(self, seeds):
        return self.served_network("mapping")(self._latents_of(seeds), training=False)

    def _noise_of(self, styles, draw):
        rows = tf.shape(styles)[0]
        return [
            draw(number, [rows, size, size, 1])
            for number, (_, size) in enumerate(self._noise_sizes(), start=1)
        ]

    # === Parts of the networks ===

    def _noise_sizes(self):
        """Returns the layers of the stage that add noise, and their sizes."""
        return [
            (layer, int(layer.split("_")[0])) for layer in self.style_layers if layer != "image"
        ]

    def _synthesis_inputs(self):
        return ["styles", *(f"noise_{layer}" for layer, _ in self._noise_sizes())]

    def _all_styles(self):
        return len(self.architecture.style_layers_to(self.image_shape[0]))


def _share(steps):
    return steps / (steps + 1)


def _no_noise(number, shape):
    del number
    return tf.zeros(shape)


def _noise_of_seeds(seeds):
    def draw(number, shape):
        _, height, width, _ = shape
        return tf.reshape(latents_from_seeds(seeds, height * width, "normal", number), shape)

    return draw
