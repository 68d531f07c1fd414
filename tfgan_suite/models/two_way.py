"""Answers and drawings of models that translate between two domains, in both directions."""

import numpy as np
import tensorflow as tf

from tfgan_suite.drawing import ImageGrid, Points
from tfgan_suite.errors import UserInputError
from tfgan_suite.signatures import Signature, decode_images, encode_png

DIRECTIONS = {"a_to_b": ("generator_ab", "a"), "b_to_a": ("generator_ba", "b")}
"""By direction: the network that translates, and the domain that it takes."""


class TwoWayTranslation:
    """Mixin for a `GenerativeModel` with the served networks `generator_ab` and `generator_ba`.

    Attributes that the model has:
        domain_shapes: dict, `"a"` and `"b"` to the shape of an example: of images in [-1, 1], or
            of points.
    """

    def call(self, inputs):
        return self.served_network("generator_ab")(inputs, training=False)

    def translate(self, examples, direction: str = "a_to_b") -> np.ndarray:
        """Returns translations `[B, ...]`, of images in [-1, 1].

        Args:
            examples: `[B, ...]`, images in [-1, 1] or points.
            direction: `"a_to_b"` or `"b_to_a"`.
        """
        if direction not in DIRECTIONS:
            raise UserInputError(f"direction is 'a_to_b' or 'b_to_a'. Received: {direction!r}.")
        network = self.served_network(DIRECTIONS[direction][0])
        return self.infer(network, np.asarray(examples, np.float32), batch_size=32)

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns rows of a, G(a), F(G(a)), b, F(b), G(F(b)); of points, b and G(a).

        Args:
            num: int. Rows, or points.
            seed: int. Not used: what is translated comes from `examples`.
            examples: dict with "a" and "b", `[N, ...]`.
        """
        del seed
        if examples is None:
            raise UserInputError("A translator draws examples: pass those of the fields a and b.")
        a, b = (np.asarray(examples[domain])[:num] for domain in ("a", "b"))
        fake_b = self.translate(a, "a_to_b")
        if a.ndim == 2:
            return Points(fake_b)
        fake_a = self.translate(b, "b_to_a")
        cycle_a, cycle_b = self.translate(fake_b, "b_to_a"), self.translate(fake_a, "a_to_b")
        channels = max(shape[-1] for shape in self.domain_shapes.values())
        columns = [_with_channels(x, channels) for x in (a, fake_b, cycle_a, b, fake_a, cycle_b)]
        rows = np.stack(columns, axis=1)
        return ImageGrid(rows.reshape(-1, *rows.shape[2:]), len(columns))

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers: each direction, from arrays and from files."""
        a_to_b, b_to_a = (self._direction_signatures(direction) for direction in DIRECTIONS)
        return {"serving_default": a_to_b["a_to_b"], **a_to_b, **b_to_a}

    def _direction_signatures(self, direction):
        network, domain = DIRECTIONS[direction]
        translator, shape = self.served_network(network), self.domain_shapes[domain]
        are_images = len(shape) == 3
        kind = "images" if are_images else "points"
        what = "Images in [-1, 1]" if are_images else "Points"

        def translate(**given):
            return {kind: tf.cast(translator(given[kind], training=False), tf.float32)}

        def translate_files(image_bytes):
            images = decode_images(image_bytes, shape[:2], shape[2])
            return {"image_bytes": encode_png(translate(images=images)["images"])}

        def some(num_rows):
            rng = np.random.default_rng(0)
            return {kind: rng.uniform(-1, 1, (num_rows, *shape)).astype(np.float32)}

        def some_files(num_rows):
            return {"image_bytes": encode_png(some(num_rows)["images"]).numpy()}

        words = direction.replace("_", " ")
        signatures = {
            direction: Signature(
                translate,
                {kind: tf.TensorSpec([None, *shape], tf.float32, name=kind)},
                f"{what}, translated {words}.",
                some,
                ranges={kind: (-1, 1)} if are_images else {},
            )
        }
        if are_images and {shape[-1] for shape in self.domain_shapes.values()} <= {1, 3, 4}:
            signatures[f"{direction}_png"] = Signature(
                translate_files,
                {"image_bytes": tf.TensorSpec([None], tf.string, name="image_bytes")},
                f"Image files of any size, translated {words}, as PNG files.",
                some_files,
            )
        return signatures


def _with_channels(images, channels):
    """Repeats grey images so that both domains fit in one grid."""
    if images.shape[-1] == channels:
        return images
    return np.repeat(images[..., :1], channels, axis=-1)
