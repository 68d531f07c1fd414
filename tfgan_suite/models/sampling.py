"""Samples, drawings and signatures of models that make a sample of each seed."""

import numpy as np
import tensorflow as tf

from tfgan_suite.drawing import ImageGrid, Points
from tfgan_suite.fields import Values
from tfgan_suite.models.asked import checked_examples, checked_seeds
from tfgan_suite.signatures import (
    LATENT_RANGE,
    LatentSpace,
    Signature,
    encode_png,
    latents_from_seeds,
)


class SamplesOfSeeds:
    """Mixin for a `GenerativeModel` whose `call` takes latents `[B, latent_size]` to samples.

    Attributes that the model has:
        latent_shape: shape of one example's latents.
        latent_distribution: a key of `training.noise.DISTRIBUTIONS`.
        sample_shape: shape of one sample.
    """

    #: What the servable calls samples, and what they are; None: what their shape says.
    samples_are: tuple[str, str] | None = None

    def sample(self, seeds) -> np.ndarray:
        """Returns the samples of these seeds, as the servable's `serving_default` does.

        Args:
            seeds: ints `[N]`, one for each sample.

        Raises:
            UserInputError: they are something else, such as a single number or latents.
        """
        return self.infer(self._sample_of, checked_seeds(seeds))

    def between(self, seeds, others, positions) -> np.ndarray:
        """Returns samples on the ways from seeds to others: on a great circle, of normal latents.

        Args:
            seeds, others: ints `[N]`.
            positions: floats `[N]` in [0, 1]. 0: the sample of the seed.
        """
        seeds = checked_seeds(seeds)
        positions = checked_examples("positions", positions, Values(()))
        inputs = {
            "seed": seeds,
            "other": checked_seeds(others, len(seeds)),
            "position": positions,
        }
        return self.infer(self._between, inputs)

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns a grid of the samples, or a plot of the points, of `num` seeds from `seed` on."""
        del examples
        samples = self.sample(np.arange(seed, seed + num))
        return ImageGrid(samples) if samples.ndim == 4 else Points(samples)

    def latent_spaces(self) -> dict[str, LatentSpace]:
        """Returns the space z of the latents that `call` takes."""
        return {
            "z": LatentSpace(
                self.latent_shape,
                self.sample_shape,
                decode=lambda points, _: self._decoded(points),
                of_seeds=self._latents_of,
                distribution=self.latent_distribution,
                judge=lambda samples, _: self._logits_of(samples),
            )
        }

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers."""
        seed = {"seed": tf.TensorSpec([None], tf.int64, name="seed")}
        latents = {"latents": tf.TensorSpec([None, *self.latent_shape], tf.float32, name="latents")}
        kind, meaning = self.samples_are or {
            3: ("images", "images in [-1, 1]"),
            4: ("frames", "the frames of clips in [-1, 1]"),
        }.get(len(self.sample_shape), ("samples", "samples"))

        def seeds(num_rows):
            return {"seed": np.arange(num_rows, dtype=np.int64)}

        def from_seed(seed):
            return {kind: self._sample_of(seed)}

        def from_latents(latents):
            return {kind: self._decoded(latents)}

        def png(seed):
            return {"image_bytes": encode_png(from_seed(seed)[kind])}

        signatures = {
            "serving_default": Signature(from_seed, seed, f"A seed per row to {meaning}.", seeds),
            "from_latents": Signature(
                from_latents,
                latents,
                f"Latents ({self.latent_distribution}) to {meaning}.",
                lambda num_rows: {
                    "latents": self._latents_of(tf.range(num_rows, dtype=tf.int64)).numpy()
                },
                ranges={"latents": LATENT_RANGE},
            ),
        }
        if kind == "images" and self.sample_shape[-1] in (1, 3, 4):
            signatures["png"] = Signature(png, seed, "A seed per row to PNG files.", seeds)
        return signatures

    def _sample_of(self, seeds):
        return self._decoded(self._latents_of(seeds))

    def _decoded(self, latents):
        """Returns the samples of latents; a model whose `call` takes others says how."""
        return tf.cast(self(latents), tf.float32)

    def _between(self, inputs):
        first, second = (self._latents_of(inputs[name]) for name in ("seed", "other"))
        space = self.latent_spaces()["z"]
        return space.decode(space.between(first, second, inputs["position"]), {})

    def _logits_of(self, samples):
        """Returns how real the discriminator takes samples for, in inference mode."""
        return self.discriminator(samples, training=False)

    def _latents_of(self, seeds):
        return latents_from_seeds(seeds, self.latent_shape[0], self.latent_distribution)
