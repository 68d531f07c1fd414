"""Discriminator that judges overlapping patches of an image."""

import keras
from keras import layers

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import InstanceNormalization
from tfgan_suite.networks.image_size import height_and_width
from tfgan_suite.networks.initializers import normal_gain, normal_kernel

PATCH_SIZES = (1, 16, 34, 70, 142, 286)
"""Sides of the patches that a logit can see, in pixels, by `num_layers` from 0 on."""


def patchgan_discriminator(
    image_size=256,
    channels=3,
    filters=64,
    num_layers=3,
    norm_bias=False,
    norm_affine=False,
    name="patchgan_discriminator",
):
    """Images to a map of logits, each of which sees one patch.

    From [Isola et al., 2017](https://arxiv.org/abs/1611.07004), as in
    [CycleGAN](https://arxiv.org/abs/1703.10593). For 256 pixels with the defaults:

    | layer (kernel 4 x 4, zero padding 1 on each side) | output |
    |---|---|
    | convolution stride 2, LeakyReLU 0.2 | 128 x 128 x 64 |
    | convolution stride 2, norm, LeakyReLU 0.2 | 64 x 64 x 128 |
    | convolution stride 2, norm, LeakyReLU 0.2 | 32 x 32 x 256 |
    | convolution stride 1, norm, LeakyReLU 0.2 | 31 x 31 x 512 |
    | convolution stride 1 | 30 x 30 x 1 |

    The norm is `InstanceNormalization`. 2,764,737 parameters when `norm_bias=True`. A logit's patch
    has 16, 34, 70, 142 or 286 pixels a side for `num_layers` 1 to 5. With `num_layers=0` it is the
    PixelGAN, which judges each pixel alone: three convolutions 1 x 1, to `filters` channels, to
    twice as many, and to 1.

    A discriminator that is shown two images at once, such as pix2pix', takes them joined on their
    channels.

    Args:
        image_size: int, pair (height, width) or None for any size.
        channels: int, channels of the images.
        filters: int, channels of the first stage; doubled up to eight times as many.
        num_layers: int from 0 to 5, layers of stride 2.
        norm_bias: bool, biases also in front of norm layers, where they do nothing; for
            comparison with other code's weights and counts.
        norm_affine: bool, whether norm layers have a gain, from N(1, 0.02), and an offset, as
            pix2pix' do.
        name: str, name of the model.

    Returns:
        `keras.Model` from `[batch, height, width, channels]` in [-1, 1] to float32 logits
        `[batch, patches_vertical, patches_horizontal, 1]`.

    Raises:
        UserInputError: the image is too small for a single patch, or another `num_layers`.

    Example:

    >>> patchgan_discriminator(image_size=256).output_shape
    (None, 30, 30, 1)
    """
    height, width = height_and_width(image_size)
    if num_layers not in range(len(PATCH_SIZES)):
        raise UserInputError(
            f"`num_layers` must be a whole number from 0 to 5; received {num_layers!r}."
        )
    smallest = 3 * 2**num_layers if num_layers else 1
    for side in (height, width):
        if side is not None and side < smallest:
            raise UserInputError(
                f"`image_size` must be at least {smallest} for `num_layers` {num_layers}; "
                f"received {image_size!r}. Use larger images or fewer layers."
            )
    images = keras.Input((height, width, channels), name="images")
    kernel_size = 4 if num_layers else 1

    def normalized(x, index):
        gain = {"gamma_initializer": normal_gain()} if norm_affine else {}
        return InstanceNormalization(
            center=norm_affine, scale=norm_affine, name=f"norm_{index}", **gain
        )(x)

    x = images
    for index in range(max(num_layers, 1) + 1):
        is_normalized = index > 0
        if num_layers:
            x = layers.ZeroPadding2D(1, name=f"padding_{index}")(x)
        x = layers.Conv2D(
            filters * min(2**index, 8),
            kernel_size,
            strides=2 if index < num_layers else 1,
            use_bias=norm_bias or not is_normalized,
            kernel_initializer=normal_kernel(),
            name=f"convolution_{index}",
        )(x)
        if is_normalized:
            x = normalized(x, index)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"leaky_relu_{index}")(x)
    if num_layers:
        x = layers.ZeroPadding2D(1, name="head_padding")(x)
    logits = layers.Conv2D(
        1, kernel_size, kernel_initializer=normal_kernel(), dtype="float32", name="logits"
    )(x)
    return keras.Model(images, logits, name=name)


def multi_scale_patchgan(
    image_size=256,
    channels=3,
    filters=64,
    num_layers=3,
    num_scales=2,
    name="multi_scale_patchgan",
):
    """PatchGANs of an image and of smaller versions of it, each with weights of its own.

    From [Zhu et al., 2017](https://arxiv.org/abs/1711.11586). Each next one sees the image before
    it averaged over 3 x 3 pixels in steps of 2 and has half as many filters.

    Args:
        image_size: int or pair (height, width).
        channels: int, channels of the images.
        filters: int, channels of the first stage at full size.
        num_layers: int, see `patchgan_discriminator`.
        num_scales: int, how many.
        name: str, name of the model.

    Returns:
        `keras.Model` from `[batch, height, width, channels]` in [-1, 1] to a list of maps of
        float32 logits, those of the largest image first.

    Raises:
        UserInputError: the smallest image is too small for a single patch.

    Example:

    >>> multi_scale_patchgan(image_size=256, filters=8).output_shape
    [(None, 30, 30, 1), (None, 14, 14, 1)]
    """
    images = keras.Input((*height_and_width(image_size), channels), name="images")
    x, maps = images, []
    for scale in range(num_scales):
        if scale:
            x = layers.AveragePooling2D(3, strides=2, padding="same", name=f"smaller_{scale}")(x)
        patchgan = patchgan_discriminator(
            x.shape[1:3],
            channels,
            filters=max(filters // 2**scale, 1),
            num_layers=num_layers,
            name=f"scale_{scale}",
        )
        maps.append(patchgan(x))
    return keras.Model(images, maps, name=name)
