"""The mutations of E-GAN: what a child minimises, as a function of D's logits of its samples."""

from collections.abc import Callable

from keras import ops

from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.losses.per_example import as_float, mean_per_example

_MUTATIONS: dict[str, Callable] = {}


def register_mutation(name: str) -> Callable[[Callable], Callable]:
    """Makes a function from logits `[B, 1]` to terms `[B]` known to `EGAN` by a name.

    Example:

    ```python
    @register_mutation("hinge")
    def hinge(fake_logits):
        return -fake_logits[:, 0]
    ```
    """

    def add(function):
        _MUTATIONS[name] = function
        return function

    return add


@register_mutation("minimax")
def minimax(fake_logits):
    """log(1 - D(G(z))): strong where fakes pass for real. At D = 0.5: -log 2."""
    return mean_per_example(-ops.softplus(as_float(fake_logits)))


@register_mutation("heuristic")
def heuristic(fake_logits):
    """-log D(G(z)): strong where D rejects. At D = 0.5: log 2."""
    return mean_per_example(ops.softplus(-as_float(fake_logits)))


@register_mutation("least_squares")
def least_squares(fake_logits):
    """(D(G(z)) - 1)^2 of the sigmoid D, not of the logit: flat at both ends. At D = 0.5: 1 / 4."""
    return mean_per_example(ops.square(ops.sigmoid(as_float(fake_logits)) - 1.0))


def names() -> list[str]:
    """Returns the names of the mutations."""
    return sorted(_MUTATIONS)


def get(name: str) -> Callable:
    """Returns the mutation of this name.

    Raises:
        UserInputError: on an unknown name.
    """
    if name not in _MUTATIONS:
        raise UserInputError(
            f"Unknown mutation {name!r}. Expected one of {names()}; register_mutation adds others."
            f"{closest_name(str(name), _MUTATIONS)}"
        )
    return _MUTATIONS[name]
