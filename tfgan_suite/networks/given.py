"""What a model asks of the networks that a user gives it, before anything is built on them."""

import keras
from keras import layers

from tfgan_suite.errors import UserInputError

_SQUASHING = {"sigmoid", "hard_sigmoid", "log_sigmoid", "softmax", "log_softmax"}
# What leaves the values as they are: what stands before it decides.
_PASSING = (
    layers.Flatten,
    layers.Reshape,
    layers.Permute,
    layers.Identity,
    layers.InputLayer,
    layers.GlobalAveragePooling2D,
)


def check_network(role: str, network) -> None:
    """Makes sure that a network takes one tensor of known rank and gives one.

    Args:
        role: str. What the network is in the model, for the error.
        network: what the user gave.

    Raises:
        UserInputError: it is no built `keras.Model`, a subclass of it whose shapes Keras does not
            know, or takes or gives several tensors.
    """
    if not isinstance(network, keras.Model) or not network.built:
        raise UserInputError(
            f"{role} must be a built keras.Model, such as a functional model or a Sequential that "
            f"begins with keras.Input. Received: {network!r}."
        )
    shapes = {}
    for does in ("takes", "gives"):
        try:
            shapes[does] = network.input_shape if does == "takes" else network.output_shape
        except (AttributeError, ValueError):
            raise UserInputError(
                f"Keras does not know the shapes of {role}, a subclassed model "
                f"({type(network).__name__}). Wrap it: inputs = keras.Input(shape); "
                f"{role} = keras.Model(inputs, network(inputs))."
            ) from None
    for does, shape in shapes.items():
        if not isinstance(shape, tuple) or (shape and not isinstance(shape[-1], int | None)):
            raise UserInputError(
                f"{role} {does} several tensors, of shapes {shape}; expected one. Give a network "
                "of one input and one output, or write a model whose losses call yours "
                "(CONTRIBUTING.md)."
            )


def check_gives_logits(role: str, network: keras.Model) -> None:
    """Makes sure that a discriminator does not end in a sigmoid or softmax.

    The losses take logits: of probabilities they learn little or, least squares, wrongly.

    Raises:
        UserInputError: it does.
    """
    squashing = last_activation(network)
    if squashing in _SQUASHING:
        raise UserInputError(
            f"{role} ends in {squashing!r}; expected logits, any real numbers, which the losses "
            "squash themselves. End it in a linear layer: Dense(1) without activation."
        )


def ends_in_sigmoid(network: keras.Model) -> bool:
    """Returns whether a generator ends in a sigmoid: it makes images in [0, 1]."""
    return last_activation(network) == "sigmoid"


def last_activation(network):
    """Returns the name of the function that a network's output comes from, or None."""
    for operation in reversed(getattr(network, "operations", network.layers)):
        if isinstance(operation, keras.Model):
            return last_activation(operation)
        activation = getattr(operation, "activation", None)
        if activation is None:
            if isinstance(operation, _PASSING):
                continue
            # Functions applied to a tensor, and layers such as Softmax, are called as they are.
            return _snake_case(type(operation).__name__)
        if activation is not keras.activations.linear:
            return getattr(activation, "__name__", None)
        if not isinstance(operation, layers.Activation):
            return None
    return None


def _snake_case(name):
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
