"""Opens a layer of a model: reads what it gives, and edits it, inside one compiled function."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError, closest_name


class Edit(NamedTuple):
    """What becomes of the features r of a layer: r + strength (value - r).

    A strength of 0 leaves them as they are to the last bit, and so does `value` = r.

    Attributes:
        strength: float32 in [0, 1], of a shape that broadcasts to the features: which units
            (channels), at which places, of which examples.
        value: float32, broadcast likewise: 0 switches units off.
    """

    strength: tf.Tensor
    value: tf.Tensor

    def of(self, features: tf.Tensor) -> tf.Tensor:
        """Returns the edited features."""
        strength, value = (tf.cast(part, features.dtype) for part in self)
        # The network behind needs the shape that it knows.
        return tf.ensure_shape(features + strength * (value - features), features.shape)


def openable_layers(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """Returns the layers that may be opened, by their paths: `"generator/relu_16"`.

    Of a `GenerativeModel` those of its `editable_networks`, of another Keras model all of its own;
    those of networks within networks too.
    """
    if hasattr(model, "editable_networks"):
        networks = model.editable_networks()
    else:
        networks = {model.name: model}

    def below(path, layer):
        for part in getattr(layer, "layers", ()):
            if not isinstance(part, keras.layers.InputLayer):
                yield f"{path}/{part.name}", part
                yield from below(f"{path}/{part.name}", part)

    return {
        path: layer for name, network in networks.items() for path, layer in below(name, network)
    }


def find_layer(model: keras.Model, name: str) -> tuple[str, keras.layers.Layer]:
    """Returns a layer with its path.

    Args:
        model: see `openable_layers`.
        name: path of the layer, or the end of one that no other layer shares: its own name.

    Raises:
        UserInputError: there is none, or more than one, of this name.
    """
    layers = openable_layers(model)
    found = [path for path in layers if path == name or path.endswith(f"/{name}")]
    if name in layers:
        found = [name]
    if not found:
        ends = (path.split("/", depth)[-1] for path in layers for depth in range(path.count("/")))
        hint = closest_name(name, dict.fromkeys([*(p.split("/")[-1] for p in layers), *ends]))
        raise UserInputError(
            f"There is no layer {name!r}.{hint} Layers are {', '.join(layers) or 'none'}."
        )
    if len(found) > 1:
        raise UserInputError(f"The layer {name!r} may be {' or '.join(found)}: give one of these.")
    return found[0], layers[found[0]]


@contextlib.contextmanager
def opened(layer: keras.layers.Layer, edit: Callable | None = None) -> Iterator[list]:
    """While the `with` block runs, what a layer gives is recorded and, with `edit`, replaced.

    For code that is traced by a `tf.function` in the block: the traced function goes on reading and
    editing, the layer itself is as before.

    Args:
        layer: any Keras layer.
        edit: takes what the layer gives and returns what takes its place.

    Yields:
        A list that gets what the layer gave, call by call, before the edit.
    """
    given = []
    original, outer = layer.call, vars(layer).get("call")

    def call(*arguments, **more):
        features = original(*arguments, **more)
        given.append(features)
        return features if edit is None else edit(features)

    # Past Keras, which would track the attribute as part of the layer's state.
    object.__setattr__(layer, "call", call)
    try:
        yield given
    finally:
        object.__delattr__(layer, "call")
        if outer is not None:  # a layer may be opened while it is open
            object.__setattr__(layer, "call", outer)


class OpenedLayer:
    """A layer of a model, read and edited while the model computes.

    The weights are never touched: an edit is a part of a function of its own.

    Args:
        model: a `GenerativeModel`, whose `editable_networks` are opened, or any `keras.Model`.
        layer: name or path of the layer, see `find_layer`.
        function: what is computed: takes `inputs` as its one argument and returns any structure of
            tensors `[B, ...]`, through the layer. None: the model's `call`.
        like: inputs of `function`, any structure of arrays `[N, ...]`: shapes and types count.

    Attributes:
        path: str, of the layer.
        shape: of its features for one example, the units last.

    Raises:
        UserInputError: no such layer; or the function calls it not once, or in a loop, or it gives
            several tensors.

    Example:

    ```python
    generator, _ = build_pair("dcgan", image_size=16, filters=4)
    latents = np.ones((2, 100), "float32")
    opened_layer = OpenedLayer(generator, "relu_8", like=latents)
    images, features = opened_layer.read(latents)  # [2, 16, 16, 3] and [2, 8, 8, 4]
    without = opened_layer.edited(latents, opened_layer.strength([0, 3]))
    ```
    """

    def __init__(
        self, model: keras.Model, layer: str, function: Callable | None = None, like: Any = None
    ):
        if hasattr(model, "find_stage"):
            model.find_stage()
        self.path, self._layer = find_layer(model, layer)
        self._function = (lambda inputs: model(inputs)) if function is None else function
        specs = tf.nest.map_structure(
            lambda array: tf.TensorSpec([None, *np.shape(array)[1:]], np.asarray(array).dtype), like
        )
        read = tf.function(self.compute).get_concrete_function(specs)
        self.shape = tuple(read.structured_outputs[1].shape[1:])
        edit = tf.TensorSpec([None] * (1 + len(self.shape)), tf.float32)
        self._compiled = tf.function(
            lambda inputs, strength, value: self.compute(inputs, Edit(strength, value))
        ).get_concrete_function(specs, edit, edit)

    @property
    def num_units(self) -> int:
        """How many units (channels) the layer has."""
        return self.shape[-1]

    def compute(self, inputs, edit: Edit | None = None) -> tuple[Any, tf.Tensor]:
        """Returns what the function gives, and the features before the edit, in a traced function.

        To be called inside a `tf.function`, with tensors of gradients that go through.

        Args:
            inputs: tensors, as `like`.
            edit: None: the layer is only read.

        Returns:
            The outputs, and float32 `[B, *shape]`.
        """
        with opened(self._layer, None if edit is None else edit.of) as given:
            outputs = self._function(inputs)
        if len(given) != 1:
            times = f"{len(given)} times" if given else "not at all"
            raise UserInputError(
                f"The layer {self.path!r} is called {times} for an output; one that is opened is "
                "called once. Open another."
            )
        (features,) = given
        if not tf.is_tensor(features) or features.shape.rank < 2 or features.shape[-1] is None:
            raise UserInputError(
                f"The layer {self.path!r} gives no tensor [B, ..., units] of a known number of "
                "units. Open another."
            )
        if not tf.executing_eagerly() and features.graph is not tf.compat.v1.get_default_graph():
            raise UserInputError(
                f"The layer {self.path!r} is called in a loop, whose inside cannot be read. Give a "
                "function that computes a batch at once, such as the model's call."
            )
        return outputs, tf.cast(features, tf.float32)

    def read(self, inputs) -> tuple[Any, np.ndarray]:
        """Returns what the function gives of inputs, and the features, as arrays."""
        return self._run(inputs, 0.0, 0.0)

    def edited(self, inputs, strength, value=0.0) -> Any:
        """Returns what the function gives of inputs when the features are edited, as arrays.

        Args:
            inputs: arrays, as `like`.
            strength, value: see `Edit`; arrays or numbers.
        """
        return self._run(inputs, strength, value)[0]

    def strength(self, units, at=None) -> np.ndarray:
        """Returns the strength of an edit: 1 for some units at some places, else 0.

        Args:
            units: ints from 0 to `num_units` - 1.
            at: array that broadcasts to the places of the features, `[B, h, w]` or `[h, w]`: 1
                where the edit is, between 0 and 1 where it is in part. None: everywhere.

        Returns:
            float32 `[1 or B, h or 1, w or 1, num_units]`.

        Raises:
            UserInputError: a unit that the layer does not have.
        """
        chosen = np.zeros(self.num_units, np.float32)
        chosen[self.checked_units(units)] = 1
        places = np.ones((1,) * (len(self.shape) - 1)) if at is None else np.asarray(at)
        strength = places[..., None].astype(np.float32) * chosen
        return strength.reshape((1,) * (1 + len(self.shape) - strength.ndim) + strength.shape)

    def checked_units(self, units) -> np.ndarray:
        """Returns units as an array of ints.

        Raises:
            UserInputError: a unit that the layer does not have, or no whole numbers.
        """
        units = np.asarray(units)
        if not units.size:
            return np.zeros(0, int)
        if units.dtype.kind not in "iu" or units.min() < 0 or units.max() >= self.num_units:
            raise UserInputError(
                f"The layer {self.path!r} has the units 0 to {self.num_units - 1}. Received: "
                f"{units.tolist()}."
            )
        return units.reshape(-1)

    def _run(self, inputs, strength, value):
        def whole(part):
            part = np.asarray(part, np.float32)
            return tf.constant(part.reshape((1,) * (1 + len(self.shape) - part.ndim) + part.shape))

        outputs = self._compiled(
            tf.nest.map_structure(tf.constant, inputs), whole(strength), whole(value)
        )
        return tf.nest.map_structure(lambda tensor: tensor.numpy(), outputs)
