"""StyleGAN2's synthesis network and discriminator, which do not grow."""

import math

import keras
from keras import layers

from tfgan_suite.layers import (
    AddNoise,
    Bias,
    Blur,
    EqualizedConv2D,
    EqualizedDense,
    LearnedConstant,
    MinibatchDeviation,
    ModulatedConv2D,
)
from tfgan_suite.networks.progressive import FIRST_SIZE, filters_at, sizes_to

TAPS = (1, 3, 3, 1)


def modulated_layers_to(image_size: int) -> list[str]:
    """Returns the names of the layers that take a style of their own.

    An image of a size below the last takes the style of the layer that enlarges it.

    Example:

    >>> modulated_layers_to(8)
    ['4_b', '8_a', '8_b', 'image']
    """
    convolutions = [f"{size}_{place}" for size in sizes_to(image_size) for place in "ab"]
    return [*convolutions[1:], "image"]


def modulated_synthesis_network(
    image_size: int = 1024,
    channels: int = 3,
    latent_size: int = 512,
    filters_base: int = 16384,
    filters_max: int = 512,
    name: str = "synthesis",
) -> keras.Model:
    """From styles and noise to an image: the sum of what each size adds to it.

    Source: [Karras et al., 2020](https://arxiv.org/abs/1912.04958), figures 2 and 7 (skips).

    Args:
        image_size, channels: of the images.
        latent_size: int. Size of w.
        filters_base, filters_max: see `tfgan_suite.networks.progressive.filters_at`.
        name: str.

    Returns:
        `keras.Model` with the inputs `styles` `[B, L, latent_size]`, a w for each layer of
        `modulated_layers_to(image_size)`, and `noise_<layer>` `[B, size, size, 1]` of all but the
        last. Its output is the layer `image_<image_size>`, without activation.
    """
    names = modulated_layers_to(image_size)
    styles = keras.Input((len(names), latent_size), name="styles")
    noises = {
        layer: keras.Input((size, size, 1), name=f"noise_{layer}")
        for layer, size in ((layer, int(layer.split("_")[0])) for layer in names[:-1])
    }

    def filters(size):
        return filters_at(size, filters_base, filters_max)

    def style_for(x, index, layer):
        dense = EqualizedDense(
            x.shape[-1], gain=1.0, bias_initializer="ones", name=f"style_{layer}"
        )
        return dense(styles[:, index])

    def styled(x, size, layer, enlarge=False):
        style = style_for(x, names.index(layer), layer)
        x = ModulatedConv2D(filters(size), 3, enlarge=enlarge, name=f"convolution_{layer}")(
            [x, style]
        )
        if enlarge:
            x = Blur(TAPS, padding=1, gain=4.0, name=f"blur_{layer}")(x)
        x = AddNoise(by_channel=False, name=f"add_noise_{layer}")([x, noises[layer]])
        x = Bias(name=f"bias_{layer}")(x)
        return _activated(x, layer)

    x = LearnedConstant((FIRST_SIZE, FIRST_SIZE, filters(FIRST_SIZE)), name="constant")(styles)
    image = None
    for size in sizes_to(image_size):
        if size > FIRST_SIZE:
            x = styled(x, size, f"{size}_a", enlarge=True)
        x = styled(x, size, f"{size}_b")
        style = style_for(x, names.index(f"{size}_b") + 1, f"image_{size}")
        add = ModulatedConv2D(channels, 1, demodulate=False, name=f"to_image_{size}")([x, style])
        add = Bias(name=f"bias_image_{size}", dtype="float32")(add)
        if image is not None:
            # Zeros between the pixels, then the filter: bilinear interpolation.
            enlarged = layers.UpSampling2D(
                2, interpolation="bilinear", dtype="float32", name=f"enlarge_{size}"
            )(image)
            add = layers.Add(name=f"sum_{size}", dtype="float32")([enlarged, add])
        image = add
    image = layers.Identity(name=f"image_{image_size}", dtype="float32")(image)
    return keras.Model([styles, *noises.values()], image, name=name)


def residual_discriminator(
    image_size: int = 1024,
    channels: int = 3,
    filters_base: int = 16384,
    filters_max: int = 512,
    deviation_group: int = 4,
    name: str = "residual_discriminator",
) -> keras.Model:
    """A discriminator of residual blocks, one for each size.

    Source: [Karras et al., 2020](https://arxiv.org/abs/1912.04958), figure 7.

    Args:
        image_size, channels: of the images.
        filters_base, filters_max: see `tfgan_suite.networks.progressive.filters_at`.
        deviation_group: int. See `MinibatchDeviation`.
        name: str.

    Returns:
        `keras.Model` from the input `image_<image_size>` to the output layer
        `logit_<image_size>`, `[B, 1]`.
    """

    def filters(size):
        return filters_at(size, filters_base, filters_max)

    def convolved(x, outputs, layer):
        x = EqualizedConv2D(outputs, 3, gain=1.0, name=f"convolution_{layer}")(x)
        return _activated(x, layer)

    def halved(x, outputs, kernel, layer, **arguments):
        """The filter, then a convolution that takes every other pixel."""
        # As many zeros as leave an image of half the size.
        x = Blur(TAPS, padding=(kernel + 1) // 2, name=f"blur_{layer}")(x)
        return EqualizedConv2D(
            outputs, kernel, strides=2, padding="valid", name=f"convolution_{layer}", **arguments
        )(x)

    image = keras.Input((image_size, image_size, channels), name=f"image_{image_size}")
    x = EqualizedConv2D(filters(image_size), 1, gain=1.0, name="from_image")(image)
    x = _activated(x, "from_image")
    for size in reversed(sizes_to(image_size)[1:]):
        outputs = filters(size // 2)
        shortcut = halved(x, outputs, 1, f"{size}_shortcut", gain=1.0, use_bias=False)
        x = convolved(x, filters(size), f"{size}_a")
        x = _activated(halved(x, outputs, 3, f"{size}_b", gain=1.0), f"{size}_b")
        x = layers.Add(name=f"sum_{size}")([x, shortcut])
        x = layers.Rescaling(math.sqrt(0.5), name=f"block_{size}")(x)
    x = MinibatchDeviation(deviation_group, name="deviation")(x)
    x = convolved(x, filters(FIRST_SIZE), "4")
    x = EqualizedDense(filters(FIRST_SIZE), gain=1.0, name="dense")(layers.Flatten()(x))
    logit = EqualizedDense(1, gain=1.0, dtype="float32", name=f"logit_{image_size}")
    return keras.Model(image, logit(_activated(x, "dense")), name=name)


def _activated(x, layer):
    """LeakyReLU, which halves the second moment, and a factor that restores it."""
    x = layers.LeakyReLU(negative_slope=0.2, name=f"activation_{layer}")(x)
    return layers.Rescaling(math.sqrt(2), name=f"scaled_{layer}")(x)
