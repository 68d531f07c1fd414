"""Residual networks without normalisation, after R3GAN.

Each residual branch is an inverted bottleneck: a 1 x 1 convolution to more channels, a grouped
3 x 3 convolution, a 1 x 1 convolution back whose kernel begins at zero. So every block begins as
the identity, and nothing has to be normalised. The other kernels of a branch begin as those of He,
divided by the fourth root of the number of blocks.

Source: [Huang et al., 2024](https://arxiv.org/abs/2501.05441), section 4.
"""

import keras
from keras import layers

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import Bias, GroupedConvolution2D, LearnedConstant
from tfgan_suite.networks.image_size import num_doublings
from tfgan_suite.networks.pairs import register_pair


def residual_generator(
    image_size: int = 32,
    channels: int = 3,
    latent_size: int = 64,
    filters: int = 64,
    max_filters: int = 256,
    num_blocks: int = 2,
    group_width: int = 16,
    expansion: int = 2,
    base_size: int = 4,
    name: str = "residual_generator",
) -> keras.Model:
    """From latents to images: a learned constant scaled by the latents, then stages.

    Args:
        image_size: int. `base_size` doubled one to five times.
        channels: int. Of the images.
        latent_size: int.
        filters: int. Channels of the last stage; each earlier one has twice as many, at most
            `max_filters`.
        max_filters: int.
        num_blocks: int. Residual blocks of a stage.
        group_width: int. Channels of a group of the 3 x 3 convolutions.
        expansion: int. Channels inside a branch, as a multiple of those outside.
        base_size: int. Side of the first stage.
        name: str.

    Returns:
        `keras.Model` from `[B, latent_size]` to `[B, image_size, image_size, channels]`, without an
        activation: nothing but D keeps images in [-1, 1].

    Raises:
        UserInputError: impossible sizes.

    Example:

    >>> residual_generator(image_size=16, filters=16, max_filters=16).output_shape
    (None, 16, 16, 3)
    """
    widths = _widths(image_size, base_size, filters, max_filters)[::-1]
    block = _block_of(len(widths) * num_blocks, group_width, expansion)
    latents = keras.Input((latent_size,), name="latents")
    x = LearnedConstant((base_size, base_size, widths[0]), name="basis")(latents)
    scale = layers.Dense(widths[0], use_bias=False, kernel_initializer=_kernel(1.0), name="scale")
    x = layers.Multiply(name="scaled_basis")(
        [x, layers.Reshape((1, 1, widths[0]), name="scale_map")(scale(latents))]
    )
    for stage, width in enumerate(widths):
        if stage:
            x = _to_width(x, width, f"{stage}")
            x = layers.UpSampling2D(2, interpolation="bilinear", name=f"up_{stage}")(x)
        for number in range(num_blocks):
            x = block(x, f"{stage}_{number}")
    x = layers.Conv2D(channels, 1, kernel_initializer=_kernel(1.0), dtype="float32", name="image")(
        x
    )
    return keras.Model(latents, x, name=name)


def residual_discriminator(
    image_size: int = 32,
    channels: int = 3,
    filters: int = 64,
    max_filters: int = 256,
    num_blocks: int = 2,
    group_width: int = 16,
    expansion: int = 2,
    base_size: int = 4,
    name: str = "residual_discriminator",
) -> keras.Model:
    """From images to logits: the generator's stages in the opposite order.

    Args:
        image_size, channels, filters, max_filters, num_blocks, group_width, expansion, base_size:
            see `residual_generator`.
        name: str.

    Returns:
        `keras.Model` from `[B, image_size, image_size, channels]` to `[B, 1]`.

    Example:

    >>> residual_discriminator(image_size=16, filters=16, max_filters=16).output_shape
    (None, 1)
    """
    widths = _widths(image_size, base_size, filters, max_filters)
    block = _block_of(len(widths) * num_blocks, group_width, expansion)
    images = keras.Input((image_size, image_size, channels), name="images")
    x = layers.Conv2D(widths[0], 1, kernel_initializer=_kernel(1.0), name="from_image")(images)
    for stage, width in enumerate(widths):
        if stage:
            x = layers.AveragePooling2D(2, name=f"down_{stage}")(x)
            x = _to_width(x, width, f"{stage}")
        for number in range(num_blocks):
            x = block(x, f"{stage}_{number}")
    x = layers.DepthwiseConv2D(
        base_size, use_bias=False, depthwise_initializer=_kernel(1.0), name="basis"
    )(x)
    x = layers.Flatten(name="features")(x)
    x = layers.Dense(1, use_bias=False, kernel_initializer=_kernel(1.0), dtype="float32")(x)
    return keras.Model(images, x, name=name)


@register_pair("residual")
def _residual(
    image_size=32,
    channels=3,
    latent_size=64,
    filters=64,
    max_filters=256,
    num_blocks=2,
    group_width=16,
    expansion=2,
    base_size=4,
):
    shared = {
        "image_size": image_size,
        "channels": channels,
        "filters": filters,
        "max_filters": max_filters,
        "num_blocks": num_blocks,
        "group_width": group_width,
        "expansion": expansion,
        "base_size": base_size,
    }
    return residual_generator(latent_size=latent_size, **shared), residual_discriminator(**shared)


def _widths(image_size, base_size, filters, max_filters):
    """Returns the channels of the stages, from the image's size down."""
    doublings = num_doublings(image_size, base_size)
    return [min(filters * 2**halvings, max_filters) for halvings in range(doublings + 1)]


def _block_of(num_blocks, group_width, expansion):
    """Returns a function that adds a residual block; `num_blocks` are in the network."""
    gain = 2.0 / num_blocks**0.5  # of the variance: each kernel is divided by the fourth root

    def block(x, name):
        width, inner = x.shape[-1], expansion * x.shape[-1]
        if inner % group_width:
            raise UserInputError(
                f"group_width must divide the {inner} channels inside a residual branch "
                f"({expansion} x {width}). Received: {group_width}."
            )

        def convolved(branch, filters, size, kernel, part, groups=1):
            convolution = GroupedConvolution2D if groups > 1 else layers.Conv2D
            return convolution(
                filters,
                size,
                padding="same",
                groups=groups,
                use_bias=False,
                kernel_initializer=kernel,
                name=f"convolution_{name}_{part}",
            )(branch)

        def activated(branch, part):
            branch = Bias(name=f"bias_{name}_{part}")(branch)
            return layers.LeakyReLU(negative_slope=0.2, name=f"activation_{name}_{part}")(branch)

        branch = activated(convolved(x, inner, 1, _kernel(gain), "a"), "a")
        branch = convolved(branch, inner, 3, _kernel(gain), "b", inner // group_width)
        branch = convolved(activated(branch, "b"), width, 1, "zeros", "c")
        return layers.Add(name=f"block_{name}")([x, branch])

    return block


def _to_width(x, width, name):
    if x.shape[-1] == width:
        return x
    return layers.Conv2D(
        width, 1, use_bias=False, kernel_initializer=_kernel(1.0), name=f"to_width_{name}"
    )(x)


def _kernel(gain):
    return keras.initializers.VarianceScaling(gain, "fan_in", "normal")
