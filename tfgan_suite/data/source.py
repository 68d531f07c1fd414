"""What every kind of data is read through: an ordered collection with random access."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError

Spec = dict[str, tf.TensorSpec]


class Source:
    """An ordered collection of examples that can be read at any index.

    An example is a dict. Its fields, each present or not:

    - `"image"`: uint8 `[height, width, channels]`, or `"point"`: float32 `[2]`
    - `"label"`: int32 scalar
    - `"caption"`: string scalar
    - `"mask"`: uint8 `[height, width, 1]`, the number of the part that each pixel shows

    Args:
        name: how error messages call it.
        num_examples: how many there are; `None` when endless (any int64 index is valid).
        element_spec: dict of `tf.TensorSpec`, one example without batch dimension.
        num_classes: how many values the label has, or `None`.
    """

    def __init__(
        self,
        name: str,
        num_examples: int | None,
        element_spec: Spec,
        num_classes: int | None = None,
    ):
        self.name = name
        self.num_examples = num_examples
        self.element_spec = element_spec
        self.num_classes = num_classes

    def fetch(self, indices: tf.Tensor) -> dict[str, tf.Tensor]:
        """Reads a batch of examples inside a `tf.data` graph.

        Args:
            indices: int64 `[B]`, each in `[0, num_examples)`.

        Returns:
            Dict of tensors as in `element_spec`, with a leading batch dimension.
        """
        raise NotImplementedError

    def numpy(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Reads a batch of examples outside any graph."""
        batch = self.fetch(tf.constant(np.asarray(indices), tf.int64))
        return {name: value.numpy() for name, value in batch.items()}


class ArraySource(Source):
    """Examples held in memory.

    Args:
        name: how error messages call it.
        fields: dict of arrays with the same leading dimension; str arrays become strings.
        num_classes: how many values the label has, or `None`.
    """

    def __init__(self, name: str, fields: Mapping[str, np.ndarray], num_classes: int | None = None):
        if any(len(value) == 0 for value in fields.values()):
            raise UserInputError(f"{name} holds no example; at least one is needed.")
        # On the host whatever device scope is active: a GPU has better uses for its memory. The
        # device name has no job, so that it stays within the worker which builds the pipeline.
        with tf.device("CPU:0"):
            self._fields = {name: tf.constant(value) for name, value in fields.items()}
        spec = {
            key: tf.TensorSpec(value.shape[1:], value.dtype) for key, value in self._fields.items()
        }
        super().__init__(name, len(next(iter(fields.values()))), spec, num_classes)

    def fetch(self, indices):
        return {name: tf.gather(value, indices) for name, value in self._fields.items()}


class LazySource(Source):
    """Examples made or read by a Python function each time they are asked for.

    Args:
        name: how error messages call it.
        num_examples: how many there are.
        element_spec: dict of `tf.TensorSpec` of one example.
        read: callable, int64 `[B]` array to dict of arrays as in `element_spec`. It must be pure:
            the same indices always give the same arrays.
        num_classes: how many values the label has, or `None`.
    """

    def __init__(
        self,
        name: str,
        num_examples: int,
        element_spec: Spec,
        read: Callable[[np.ndarray], Mapping[str, np.ndarray]],
        num_classes: int | None = None,
    ):
        super().__init__(name, num_examples, element_spec, num_classes)
        self._read = read

    def fetch(self, indices):
        names = list(self.element_spec)

        def read(indices):
            batch = self._read(indices)
            return [batch[name] for name in names]

        types = [self.element_spec[name].dtype for name in names]
        values = tf.nest.flatten(tf.numpy_function(read, [indices], types, stateful=False))
        for name, value in zip(names, values, strict=True):
            value.set_shape(indices.shape[:1].concatenate(self.element_spec[name].shape))
        return dict(zip(names, values, strict=True))
