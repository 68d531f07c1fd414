"""What networks that grow share: sizes, channels by size, parts, ProGAN's discriminator."""

from collections.abc import Callable

import keras
from keras import layers

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import EqualizedConv2D, EqualizedDense, Interpolation, MinibatchDeviation

FIRST_SIZE = 4


def sizes_to(image_size: int) -> list[int]:
    """Returns the sizes that a network grows through: 4, 8 ... `image_size`.

    Raises:
        UserInputError: it is no power of two from 8 to 1024.
    """
    sizes = [FIRST_SIZE * 2**i for i in range(9)]
    if image_size not in sizes[1:]:
        raise UserInputError(
            f"image_size of a network that grows is one of {', '.join(map(str, sizes[1:]))}. "
            f"Received: {image_size!r}."
        )
    return sizes[: sizes.index(image_size) + 1]


def filters_at(size: int, filters_base: int, filters_max: int) -> int:
    """Returns the channels at a size: `filters_base * 2 / size`, at most `filters_max`.

    With 8192 and 512 the paper's: 512 up to 32 pixels, then half as many with each doubling.
    """
    return max(1, min(2 * filters_base // size, filters_max))


def part_of(network: keras.Model, inputs: list[str], outputs: list[str]) -> keras.Model:
    """Returns the part of a functional network between some of its inputs and outputs.

    It shares the layers; what the outputs do not need is not computed.

    Args:
        network: functional model with named inputs whose outputs come from layers.
        inputs: names of inputs.
        outputs: names of the layers whose outputs the part gives. One: it gives a tensor, not a
            list.
    """
    by_name = {tensor.name: tensor for tensor in network.inputs}
    made = [network.get_layer(name).output for name in outputs]
    taken = [by_name[name] for name in inputs]
    return keras.Model(taken[0] if len(taken) == 1 else taken, made[0] if len(made) == 1 else made)


def growing_discriminator(
    image_size: int = 1024,
    channels: int = 3,
    filters_base: int = 8192,
    filters_max: int = 512,
    deviation_group: int = 4,
    smooth: Callable | None = None,
    name: str = "growing_discriminator",
) -> keras.Model:
    """A discriminator for images of all sizes from 4 to `image_size`.

    Source: [Karras et al., 2018](https://arxiv.org/abs/1710.10196), table 2. 23,087,249 parameters
    for 1024 pixels.

    Args:
        image_size, channels: of the largest images.
        filters_base, filters_max: see `filters_at`.
        deviation_group: int. See `MinibatchDeviation`.
        smooth: None, or a function that returns a layer to stand before each downsampling:
            StyleGAN's blur.
        name: str.

    Returns:
        `keras.Model` with the inputs `image_4`, `image_8` ... and `alpha`, a scalar in [0, 1]. Its
        output layers are `logit_<size>`, and `fading_<size>` with `alpha` between the way of the
        size below and the size's own. `part_of` takes one of them.
    """
    sizes = sizes_to(image_size)

    def filters(size):
        return filters_at(size, filters_base, filters_max)

    def convolution(outputs, kernel, name):
        return EqualizedConv2D(outputs, kernel, name=name)

    activate = layers.LeakyReLU(negative_slope=0.2, name="activation")
    pool = layers.AveragePooling2D(2, name="pool")
    from_image = {size: convolution(filters(size), 1, f"from_image_{size}") for size in sizes}
    first = {s: convolution(filters(s), 3, f"convolution_{s}_a") for s in sizes[1:]}
    second = {s: convolution(filters(s // 2), 3, f"convolution_{s}_b") for s in sizes[1:]}
    smoothing = {s: smooth(name=f"smooth_{s}") for s in sizes[1:]} if smooth else {}
    deviation = MinibatchDeviation(deviation_group, name="deviation")
    convolution_4 = convolution(filters(FIRST_SIZE), 3, "convolution_4")
    flatten = layers.Flatten(name="flatten")
    dense = EqualizedDense(filters(FIRST_SIZE), name="dense")
    score = EqualizedDense(1, gain=1.0, dtype="float32", name="score")

    def halved(features, size):
        """Takes the features at a size to the features at half of it."""
        features = activate(first[size](features))
        if smooth:
            features = smoothing[size](features)
        return pool(activate(second[size](features)))

    def to_logit(features, size):
        for larger in reversed(sizes[1 : sizes.index(size) + 1]):
            features = halved(features, larger)
        features = flatten(activate(convolution_4(deviation(features))))
        return score(activate(dense(features)))

    def named(logit, name):
        return layers.Identity(dtype="float32", name=name)(logit)

    images = {size: keras.Input((size, size, channels), name=f"image_{size}") for size in sizes}
    alpha = keras.Input(batch_shape=(), name="alpha")
    logits = []
    for size in sizes:
        features = activate(from_image[size](images[size]))
        logits.append(named(to_logit(features, size), f"logit_{size}"))
        if size > FIRST_SIZE:
            small = activate(from_image[size // 2](pool(images[size])))
            features = Interpolation(name=f"fade_{size}")([small, halved(features, size), alpha])
            logits.append(named(to_logit(features, size // 2), f"fading_{size}"))
    return keras.Model([*images.values(), alpha], logits, name=name)
