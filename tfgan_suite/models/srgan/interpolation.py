"""Between a network trained for fidelity and one trained to look real."""

import keras
import numpy as np

from tfgan_suite.data.options import number
from tfgan_suite.errors import UserInputError


def interpolated(first: keras.Model, second: keras.Model, share: float) -> keras.Model:
    """Returns the network whose weights lie between those of two networks.

    Each is `(1 - share) * first + share * second`, moving statistics too: network interpolation of
    [Wang et al., 2018](https://arxiv.org/abs/1809.00219). It needs networks of which one began with
    the weights of the other, such as an SRResNet and the SRGAN that was trained from it.

    Args:
        first, second: networks of the same layers.
        share: float in [0, 1].

    Raises:
        UserInputError: the networks have other weights.

    Example:

    ```python
    from tfgan_suite.models.srgan import networks

    first, second = (networks.srresnet(filters=4, num_blocks=1) for _ in range(2))
    between = interpolated(first, second, 0.8)
    ```
    """
    number("share", share, 0, 1)
    weights = first.get_weights(), second.get_weights()
    shapes = [[np.shape(weight) for weight in some] for some in weights]
    if shapes[0] != shapes[1]:
        raise UserInputError(
            f"{first.name} and {second.name} have weights of other shapes: nothing lies between "
            "them. Interpolate networks of the same arguments."
        )
    between = keras.models.clone_model(first)
    between.set_weights(
        [(1 - share) * one + share * other for one, other in zip(*weights, strict=True)]
    )
    return between
