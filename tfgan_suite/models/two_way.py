"""Answers and drawings of models that translate between two domains, in both directions."""

import numpy as np
import tensorflow as tf

from tfgan_suite.drawing import Points
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image, Values
from tfgan_suite.models.asked import checked_examples
from tfgan_suite.models.translation import (
    examples_to_draw,
    grid_of_columns,
    translation_signatures,
)
from tfgan_suite.signatures import Signature

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

        Raises:
            UserInputError: another direction, or examples of another shape or range.
        """
        if direction not in DIRECTIONS:
            raise UserInputError(f"direction is 'a_to_b' or 'b_to_a'. Received: {direction!r}.")
        network = self.served_network(DIRECTIONS[direction][0])
        shape = network.input_shape[1:]
        field = Image(*shape) if len(shape) == 3 else Values(shape)
        return self.infer(network, checked_examples("examples", examples, field), batch_size=32)

    def draw(self, num: int, seed: int = 0, examples=None):
        """Returns rows of a, G(a), F(G(a)), b, F(b), G(F(b)); of points, b and G(a).

        Args:
            num: int. Rows, or points.
            seed: int. Not used: what is translated comes from `examples`.
            examples: dict with "a" and "b", `[N, ...]`.
        """
        del seed
        a, b = examples_to_draw(examples, num)
        fake_b = self.translate(a, "a_to_b")
        if a.ndim == 2:
            return Points(fake_b)
        fake_a = self.translate(b, "b_to_a")
        cycle_a, cycle_b = self.translate(fake_b, "b_to_a"), self.translate(fake_a, "a_to_b")
        return grid_of_columns(a, fake_b, cycle_a, b, fake_a, cycle_b)

    def signatures(self) -> dict[str, Signature]:
        """Returns what the model's servable answers: each direction, from arrays and from files."""
        a_to_b, b_to_a = (self._direction_signatures(direction) for direction in DIRECTIONS)
        return {"serving_default": a_to_b["a_to_b"], **a_to_b, **b_to_a}

    def _direction_signatures(self, direction):
        network, domain = DIRECTIONS[direction]
        translator, shape = self.served_network(network), self.domain_shapes[domain]
        translated = f"translated {direction.replace('_', ' ')}"
        if len(shape) == 3:
            (other,) = (s for d, s in self.domain_shapes.items() if d != domain)
            return translation_signatures(
                direction,
                f"{direction}_png",
                lambda images: translator(images, training=False),
                shape,
                other[2],
                translated,
            )

        def translate(points):
            return {"points": tf.cast(translator(points, training=False), tf.float32)}

        def some(num_rows):
            rng = np.random.default_rng(0)
            return {"points": rng.uniform(-1, 1, (num_rows, *shape)).astype(np.float32)}

        points = {"points": tf.TensorSpec([None, *shape], tf.float32, name="points")}
        return {direction: Signature(translate, points, f"Points, {translated}.", some)}
