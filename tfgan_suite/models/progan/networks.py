"""ProGAN's generator; its discriminator is `tfgan_suite.networks.growing_discriminator`."""

import keras
from keras import layers

from tfgan_suite.layers import Bias, EqualizedConv2D, EqualizedDense, PixelNormalization
from tfgan_suite.layers.equalized import HE_GAIN
from tfgan_suite.networks.progressive import FIRST_SIZE, filters_at, sizes_to


def growing_generator(
    image_size: int = 1024,
    channels: int = 3,
    latent_size: int = 512,
    filters_base: int = 8192,
    filters_max: int = 512,
    name: str = "growing_generator",
) -> keras.Model:
    """A generator of images of all sizes from 4 to `image_size`.

    Source: [Karras et al., 2018](https://arxiv.org/abs/1710.10196), table 2. 23,079,115 parameters
    for 1024 pixels.

    Args:
        image_size, channels: of the largest images.
        latent_size: int.
        filters_base, filters_max: see `tfgan_suite.networks.progressive.filters_at`.
        name: str.

    Returns:
        `keras.Model` from latents `[B, latent_size]` to one image per size, `[B, 4, 4, channels]`
        to `[B, image_size, image_size, channels]`; their layers are called `image_<size>`. They
        have no activation: nothing but D keeps them in [-1, 1].
    """

    def filters(size):
        return filters_at(size, filters_base, filters_max)

    def activated(x, name):
        x = layers.LeakyReLU(negative_slope=0.2, name=f"activation_{name}")(x)
        return PixelNormalization(name=f"norm_{name}")(x)

    def convolved(x, size, name):
        x = EqualizedConv2D(filters(size), 3, name=f"convolution_{name}")(x)
        return activated(x, name)

    latents = keras.Input((latent_size,), name="latents")
    x = PixelNormalization(name="norm_latents")(latents)
    width = filters(FIRST_SIZE)
    x = EqualizedDense(FIRST_SIZE**2 * width, gain=HE_GAIN / 4, use_bias=False, name="dense")(x)
    x = layers.Reshape((FIRST_SIZE, FIRST_SIZE, width), name="base")(x)
    x = Bias(name="bias_4")(x)
    images = []
    for size in sizes_to(image_size):
        if size == FIRST_SIZE:
            x = convolved(activated(x, "4_a"), size, "4_b")
        else:
            x = layers.UpSampling2D(2, name=f"up_{size}")(x)
            x = convolved(convolved(x, size, f"{size}_a"), size, f"{size}_b")
        to_image = EqualizedConv2D(channels, 1, gain=1.0, dtype="float32", name=f"image_{size}")
        images.append(to_image(x))
    return keras.Model(latents, images, name=name)
