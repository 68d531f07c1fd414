"""Images of a model by number: through one of its signatures, the same whenever they are asked."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfgan_suite.data.options import whole_number
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import ClassId, Image, flat

_SEEDS_APART = 2**32
_EXAMPLES = 16


class NumberedImages:
    """What a model makes of seeds, or of given images: image i has inputs that follow from i.

    The first signature is taken that answers `images` and whose inputs are known: `seed` is
    `seed * 2**32 + i`; `class_id` is i modulo the number of classes; `images` are those of
    `examples` in turn; others, if they are allowed, are those of the signature's own example, 16
    in turn.

    Args:
        model: any `GenerativeModel`.
        name: how messages call it.
        seed: int below 2**31. Which images.
        examples: dict of arrays `[N, H, W, C]` by field of the batch, in the field's range, for a
            model that makes images of images. None: signatures that take images are passed over.
        others: bool. Whether signatures with further inputs, such as captions, are taken.

    Attributes:
        image_shape: of an image.
        num_classes: of the model's labels, or None.

    Raises:
        UserInputError: the model has no such signature; or another seed.
    """

    def __init__(
        self,
        model,
        name: str,
        seed: int = 0,
        examples: Mapping[str, np.ndarray] | None = None,
        others: bool = False,
    ):
        self._seed = whole_number("seed", seed, 0, _SEEDS_APART // 2 - 1)
        fields = flat(model.batch_spec())
        self.num_classes = next(
            (f.num_classes for f in fields.values() if isinstance(f, ClassId)), None
        )
        signatures = model.signatures()
        for signature in signatures.values():
            inputs = set(signature.inputs)
            given = [e for e in (examples or {}).values() if self._fits(e, signature)]
            chosen = {"seed", "images"} if given else {"seed"}
            further = inputs - chosen - ({"class_id"} if self.num_classes else set())
            if not inputs & chosen or further & {"images", "image_bytes"}:
                continue
            if further and not others:
                continue
            outputs = tf.function(signature.__call__).get_concrete_function(
                **signature.tensor_specs
            )
            shape = getattr(outputs.structured_outputs.get("images"), "shape", None)
            if shape is not None and shape.rank == 4:
                self.image_shape = tuple(shape[1:])
                break
        else:
            raise UserInputError(
                f"The model {name!r} makes no images of seeds, so there is nothing to measure: its "
                f"signatures are {', '.join(signatures)}. Metrics of images need one that takes "
                "`seed`, and `class_id` where it likes, and answers `images`. What a model makes "
                "of images is measured in folders, by `launch.evaluate --real --fake`."
            )
        self._signature, self._given = signature, given[0] if "images" in inputs else None
        self._examples = signature.example(_EXAMPLES) if further else {}
        images = [f for f in fields.values() if isinstance(f, Image)]
        same = [f for f in images if f.shape == self.image_shape] or images
        self._low, self._high = (same[0].low, same[0].high) if same else (-1.0, 1.0)

    @property
    def num(self) -> int | None:
        """How many different images there are; None: as many as are asked for."""
        return None if self._given is None else len(self._given)

    def inputs(self, numbers) -> dict[str, np.ndarray]:
        """Returns what the signature takes for the images of these numbers, ints `[B]`."""
        numbers = np.asarray(numbers, np.int64)
        inputs = {}
        for name in self._signature.inputs:
            if name == "seed":
                inputs[name] = self._seed * _SEEDS_APART + numbers
            elif name == "class_id" and self.num_classes:
                inputs[name] = (numbers % self.num_classes).astype(np.int32)
            elif name == "images" and self._given is not None:
                inputs[name] = self._given[numbers % len(self._given)]
            else:
                inputs[name] = self._examples[name][numbers % _EXAMPLES]
        return inputs

    def compute(self, inputs) -> tf.Tensor:
        """Returns images, float32 `[B, H, W, C]` in [-1, 1], of what `inputs` gives."""
        images = self._signature(**inputs)["images"]
        if (self._low, self._high) == (-1.0, 1.0):
            return images
        return (images - self._low) / (self._high - self._low) * 2 - 1

    @staticmethod
    def _fits(images, signature):
        spec = signature.tensor_specs.get("images")
        shape = np.shape(images)
        return spec is not None and len(shape) == 4 and spec.shape[1:].is_compatible_with(shape[1:])
