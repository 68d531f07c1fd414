"""StyleGAN's mapping and synthesis networks; its discriminator is ProGAN's, with blur."""

import keras
from keras import layers

from tfgan_suite.layers import (
    AddNoise,
    Bias,
    Blur,
    EqualizedConv2D,
    EqualizedDense,
    InstanceNormalization,
    LearnedConstant,
    PixelNormalization,
    ScaleAndShift,
    TrackMean,
)
from tfgan_suite.networks.progressive import FIRST_SIZE, filters_at, sizes_to


def style_layers_to(image_size: int) -> list[str]:
    """Returns the names of the layers that take a style and noise: two for each size.

    Example:

    >>> style_layers_to(8)
    ['4_a', '4_b', '8_a', '8_b']
    """
    return [f"{size}_{place}" for size in sizes_to(image_size) for place in "ab"]


def mapping_network(
    latent_size: int = 512,
    num_layers: int = 8,
    learning_rate_multiplier: float = 0.01,
    name: str = "mapping",
) -> keras.Model:
    """From latents to the space of styles.

    Source: [Karras et al., 2019](https://arxiv.org/abs/1812.04948), section 2 and appendix C.

    Args:
        latent_size: int. Size of z and of w.
        num_layers: int. Dense layers.
        learning_rate_multiplier: float. See `EqualizedDense`.
        name: str.

    Returns:
        `keras.Model` from z `[B, latent_size]` to w and the tracked mean of w, both
        `[B, latent_size]`.
    """
    latents = keras.Input((latent_size,), name="latents")
    x = PixelNormalization(name="norm_latents")(latents)
    for number in range(num_layers):
        x = EqualizedDense(
            latent_size,
            learning_rate_multiplier=learning_rate_multiplier,
            name=f"dense_{number}",
        )(x)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"activation_{number}")(x)
    return keras.Model(latents, list(TrackMean(dtype="float32", name="mean")(x)), name=name)


def synthesis_network(
    image_size: int = 1024,
    channels: int = 3,
    latent_size: int = 512,
    filters_base: int = 8192,
    filters_max: int = 512,
    name: str = "synthesis",
) -> keras.Model:
    """From styles and noise to images of all sizes from 4 to `image_size`.

    Source: [Karras et al., 2019](https://arxiv.org/abs/1812.04948), figure 1b.

    Args:
        image_size, channels: of the largest images.
        latent_size: int. Size of w.
        filters_base, filters_max: see `tfgan_suite.networks.progressive.filters_at`.
        name: str.

    Returns:
        `keras.Model` with the inputs `styles` `[B, L, latent_size]`, a w for each layer of
        `style_layers_to(image_size)`, and `noise_<layer>` `[B, size, size, 1]`. Its outputs are
        layers called `image_<size>`, without activation.
    """
    names = style_layers_to(image_size)
    styles = keras.Input((len(names), latent_size), name="styles")
    noises = {
        layer: keras.Input((size, size, 1), name=f"noise_{layer}")
        for layer, size in ((layer, int(layer.split("_")[0])) for layer in names)
    }

    def filters(size):
        return filters_at(size, filters_base, filters_max)

    def convolved(x, size, layer):
        return EqualizedConv2D(filters(size), 3, use_bias=False, name=f"convolution_{layer}")(x)

    def styled(x, layer):
        """Noise, bias, activation, normalisation, style, in the order of the authors' code."""
        x = AddNoise(name=f"add_noise_{layer}")([x, noises[layer]])
        x = Bias(name=f"bias_{layer}")(x)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"activation_{layer}")(x)
        x = InstanceNormalization(epsilon=1e-8, name=f"norm_{layer}")(x)
        w = styles[:, names.index(layer)]
        style = EqualizedDense(2 * x.shape[-1], gain=1.0, name=f"style_{layer}")(w)
        return ScaleAndShift(name=f"apply_style_{layer}")([x, style])

    images = []
    for size in sizes_to(image_size):
        if size == FIRST_SIZE:
            x = LearnedConstant((size, size, filters(size)), name="constant")(styles)
        else:
            x = layers.UpSampling2D(2, name=f"up_{size}")(x)
            x = Blur(name=f"blur_{size}")(convolved(x, size, f"{size}_a"))
        x = styled(x, f"{size}_a")
        x = styled(convolved(x, size, f"{size}_b"), f"{size}_b")
        to_image = EqualizedConv2D(channels, 1, gain=1.0, dtype="float32", name=f"image_{size}")
        images.append(to_image(x))
    return keras.Model([styles, *noises.values()], images, name=name)
