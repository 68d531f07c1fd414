"""What every kind of data is read through: an ordered collection with random access."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf
from absl import logging

from tfgan_suite.errors import UserInputError

Spec = dict[str, tf.TensorSpec]
Columns = Mapping[str, np.ndarray]

_COLUMNS = ("label", "caption")


class Source:
    """An ordered collection of examples that can be read at any index.

    An example is a dict. Its fields, each present or not:

    - `"image"`: uint8 `[height, width, channels]`; or `"point"`: float32 `[2]`; or
      `"clip"`: uint8 `[frames, height, width, channels]`; or
      `"volume"`: uint8 `[side, side, side, 1]`, 1 where it is full
    - `"label"`: int32 scalar
    - `"caption"`: string scalar, or `[K]` where an example has up to K, filled up with `b""`
    - `"mask"`: uint8 `[height, width, 1]`, the number of the part that each pixel shows

    Args:
        name: how error messages call it.
        num_examples: how many there are; `None` when endless (any int64 index is valid).
        element_spec: dict of `tf.TensorSpec`, one example without batch dimension.
        num_classes: how many values the label has, or `None`.
        columns: dict of arrays `[num_examples, ...]`, the labels and captions of all examples.

    Attributes:
        num_parts: how many values the mask has, or `None`.
    """

    num_parts: int | None = None

    def __init__(
        self,
        name: str,
        num_examples: int | None,
        element_spec: Spec,
        num_classes: int | None = None,
        columns: Columns | None = None,
    ):
        self.name = name
        self.num_examples = num_examples
        self.element_spec = element_spec
        self.num_classes = num_classes
        self.columns = dict(columns or {})

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

    def __init__(
        self,
        name: str,
        fields: Columns,
        num_classes: int | None = None,
    ):
        if any(len(value) == 0 for value in fields.values()):
            raise UserInputError(f"{name} holds no example; at least one is needed.")
        self._fields = _on_host(fields)
        super().__init__(
            name,
            len(next(iter(fields.values()))),
            _spec_of(self._fields),
            num_classes,
            {key: fields[key] for key in _COLUMNS if key in fields},
        )

    def fetch(self, indices):
        return {name: tf.gather(value, indices) for name, value in self._fields.items()}


class LazySource(Source):
    """Examples made or read by a Python function each time they are asked for.

    Args:
        name: how error messages call it.
        num_examples: how many there are.
        element_spec: dict of `tf.TensorSpec` of what is read of one example.
        read: callable, int64 `[B]` array to dict of arrays as in `element_spec`. It must be pure:
            the same indices always give the same arrays.
        num_classes: how many values the label has, or `None`.
        columns: labels and captions of all examples, which are held in memory.
    """

    def __init__(
        self,
        name: str,
        num_examples: int,
        element_spec: Spec,
        read: Callable[[np.ndarray], Mapping[str, np.ndarray]],
        num_classes: int | None = None,
        columns: Columns | None = None,
    ):
        self._read, self._read_spec = read, element_spec
        self._columns = _on_host(columns or {})
        spec = {**element_spec, **_spec_of(self._columns)}
        super().__init__(name, num_examples, spec, num_classes, columns)

    def fetch(self, indices):
        names = list(self._read_spec)

        def read(indices):
            batch = self._read(indices)
            return [batch[name] for name in names]

        types = [self._read_spec[name].dtype for name in names]
        values = tf.nest.flatten(tf.numpy_function(read, [indices], types, stateful=False))
        for name, value in zip(names, values, strict=True):
            value.set_shape(indices.shape[:1].concatenate(self._read_spec[name].shape))
        columns = {name: tf.gather(value, indices) for name, value in self._columns.items()}
        return {**dict(zip(names, values, strict=True)), **columns}


class ClipSource(Source):
    """Clips of a number of consecutive frames, cut from longer ones and never across two.

    An example is a place in a clip: of a clip of T frames there are `T - num_frames + 1`.

    Args:
        name: how error messages call it.
        frames: source of images: the frames of all clips, one clip after the other.
        lengths: int `[clips]`. Frames of each clip.
        num_frames: frames of an example; clips that are shorter are left out.
        num_classes: how many values the label has, or `None`.
        columns: labels and captions of all clips `[clips, ...]`.

    Raises:
        UserInputError: all clips are shorter.
    """

    def __init__(
        self,
        name: str,
        frames: Source,
        lengths: np.ndarray,
        num_frames: int,
        num_classes: int | None = None,
        columns: Columns | None = None,
    ):
        lengths = np.asarray(lengths, np.int64)
        short = int((lengths < num_frames).sum())
        if short == len(lengths):
            raise UserInputError(
                f"{name} has clips of up to {lengths.max()} frames; {num_frames} are needed. Give "
                "longer clips, or build the model for fewer frames where it lets you choose."
            )
        if short:
            logging.warning(
                "%s: %d of %d clips have fewer than %d frames and are left out.",
                name,
                short,
                len(lengths),
                num_frames,
            )
        places = np.maximum(lengths - num_frames + 1, 0)
        clip = np.repeat(np.arange(len(lengths)), places)
        place = np.arange(len(clip)) - np.repeat(np.cumsum(places) - places, places)
        columns = {key: np.asarray(values)[clip] for key, values in (columns or {}).items()}
        self._frames, self._num_frames = frames, num_frames
        self._columns = _on_host(columns)
        self._first_frames = _on_host({"": (np.cumsum(lengths) - lengths)[clip] + place})[""]
        image = frames.element_spec["image"]
        spec = {"clip": tf.TensorSpec([num_frames, *image.shape], image.dtype)}
        spec.update(_spec_of(self._columns))
        super().__init__(name, len(clip), spec, num_classes, columns)

    def fetch(self, indices):
        first = tf.gather(self._first_frames, indices)
        wanted = first[:, None] + tf.range(self._num_frames, dtype=tf.int64)
        images = self._frames.fetch(tf.reshape(wanted, [-1]))["image"]
        clips = tf.reshape(images, [-1, *self.element_spec["clip"].shape])
        clips.set_shape(indices.shape[:1].concatenate(clips.shape[1:]))
        columns = {name: tf.gather(value, indices) for name, value in self._columns.items()}
        return {"clip": clips, **columns}


def _on_host(arrays: Columns) -> dict[str, tf.Tensor]:
    """Returns tensors on the host whatever device scope is active: a GPU has better uses for its
    memory. The device has no job, so that it stays within the worker which builds the pipeline."""
    with tf.device("CPU:0"):
        return {name: tf.constant(value) for name, value in arrays.items()}


def _spec_of(tensors) -> Spec:
    return {name: tf.TensorSpec(value.shape[1:], value.dtype) for name, value in tensors.items()}
