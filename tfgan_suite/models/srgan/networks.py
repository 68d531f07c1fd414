"""Networks of SRGAN and ESRGAN."""

import math

import keras
from keras import layers

from tfgan_suite.layers import BilinearUpsampling, GhostBatchNormalization, PixelShuffle

_RESIDUAL_SCALE = 0.2  # of ESRGAN's blocks


def srresnet(
    channels=3,
    scale=4,
    filters=64,
    num_blocks=16,
    residual=False,
    norm_bias=False,
    batch_norm_group_size=None,
    name="generator",
):
    """Enlarges images of any size.

    [Ledig et al., 2017](https://arxiv.org/abs/1609.04802), figure 4. For 24 x 24 pixels:

    | layer | output |
    |---|---|
    | convolution 9 x 9, PReLU | 24 x 24 x 64 |
    | 16 times: convolution 3 x 3, norm, PReLU, convolution 3 x 3, norm, add | same |
    | convolution 3 x 3, norm, add the output of the first PReLU | same |
    | convolution 3 x 3, pixel shuffle, PReLU | 48 x 48 x 64 |
    | convolution 3 x 3, pixel shuffle, PReLU | 96 x 96 x 64 |
    | convolution 9 x 9 | 96 x 96 x 3 |

    The norm is batch norm. 1,550,659 parameters with `norm_bias=True`; a PReLU has one slope for
    each channel.

    Args:
        channels: int. Of the images.
        scale: int. 2, 4 or 8: how often the last stages double the image.
        filters: int.
        num_blocks: int. Residual blocks.
        residual: bool. Whether the result is added to the bilinearly enlarged image. The last
            kernel then begins at zero, so that training does.
        norm_bias: bool. Biases in front of norm layers, too, where they do nothing.
        batch_norm_group_size: int or None. `group_size` of `GhostBatchNormalization`.
        name: str.

    Returns:
        `keras.Model` from images `[B, H, W, channels]` in [-1, 1] to float32
        `[B, scale H, scale W, channels]`, without an activation.
    """

    def normalized(x, stage):
        x = _convolution(x, filters, 3, f"{stage}_convolution", use_bias=norm_bias)
        return GhostBatchNormalization(batch_norm_group_size, name=f"{stage}_norm")(x)

    images = keras.Input((None, None, channels), name="images")
    x = _in_unit_range(images)
    x = first = _prelu(_convolution(x, filters, 9, "stem_convolution"), "stem_prelu")
    for block in range(num_blocks):
        y = _prelu(normalized(x, f"block_{block}_a"), f"block_{block}_prelu")
        x = layers.Add(name=f"block_{block}_add")([x, normalized(y, f"block_{block}_b")])
    x = layers.Add(name="trunk_add")([first, normalized(x, "trunk")])
    for doubling in range(_doublings(scale)):
        x = _convolution(x, 4 * filters, 3, f"up_{doubling}_convolution")
        x = _prelu(PixelShuffle(2, name=f"up_{doubling}_shuffle")(x), f"up_{doubling}_prelu")
    return keras.Model(images, _enlarged(x, images, 9, scale, residual), name=name)


def rrdb_net(
    channels=3, scale=4, filters=64, num_blocks=23, growth=32, residual=False, name="generator"
):
    """Enlarges images of any size by residual-in-residual dense blocks, without norm.

    [Wang et al., 2018](https://arxiv.org/abs/1809.00219). A dense block is five 3 x 3 convolutions,
    each of which sees all before it; three of them are a residual block, and each residual counts
    0.2. Kernels begin at a tenth of He's.

    Args:
        growth: int. Filters of the convolutions inside a dense block.
        channels, scale, filters, num_blocks, residual, name: see `srresnet`.

    Returns:
        See `srresnet`.
    """

    def convolution(x, width, stage):
        return _convolution(x, width, 3, stage, kernel_initializer=_tenth_of_he())

    def leaky(x, stage):
        return layers.LeakyReLU(negative_slope=0.2, name=f"{stage}_leaky_relu")(x)

    def with_residual(x, y, stage):
        y = layers.Rescaling(_RESIDUAL_SCALE, name=f"{stage}_residual")(y)
        return layers.Add(name=f"{stage}_add")([x, y])

    def dense_block(x, stage):
        seen = [x]
        for number in range(4):
            y = seen[0] if number == 0 else layers.Concatenate(name=f"{stage}_seen_{number}")(seen)
            seen.append(leaky(convolution(y, growth, f"{stage}_{number}"), f"{stage}_{number}"))
        y = layers.Concatenate(name=f"{stage}_seen_4")(seen)
        return with_residual(x, convolution(y, filters, f"{stage}_4"), stage)

    images = keras.Input((None, None, channels), name="images")
    x = first = convolution(_in_unit_range(images), filters, "stem_convolution")
    for block in range(num_blocks):
        y = x
        for part in "abc":
            y = dense_block(y, f"block_{block}_{part}")
        x = with_residual(x, y, f"block_{block}")
    x = layers.Add(name="trunk_add")([first, convolution(x, filters, "trunk_convolution")])
    for doubling in range(_doublings(scale)):
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"up_{doubling}")(x)
        x = leaky(convolution(x, filters, f"up_{doubling}_convolution"), f"up_{doubling}")
    x = leaky(convolution(x, filters, "head_convolution"), "head")
    kernel = _tenth_of_he()
    return keras.Model(images, _enlarged(x, images, 3, scale, residual, kernel), name=name)


def discriminator(
    image_size=96,
    channels=3,
    filters=64,
    units=1024,
    norm_bias=False,
    batch_norm_group_size=None,
    name="discriminator",
):
    """Images to one logit each, by eight convolutions and two dense layers.

    [Ledig et al., 2017](https://arxiv.org/abs/1609.04802), figure 4: 3 x 3 convolutions of 64, 64,
    128, 128, 256, 256, 512 and 512 filters, every other one of stride 2, batch norm but in the
    first, LeakyReLU 0.2; dense of 1024, LeakyReLU; dense of 1. 23,565,505 parameters with
    `norm_bias=True`.

    Args:
        image_size: int. A multiple of 16.
        channels: int.
        filters: int. Of the first layer.
        units: int. Of the first dense layer.
        norm_bias, batch_norm_group_size, name: see `srresnet`.

    Returns:
        `keras.Model` from `[B, image_size, image_size, channels]` to float32 logits `[B, 1]`.
    """
    images = keras.Input((image_size, image_size, channels), name="images")
    x = images
    for number in range(8):
        width, strides = filters * 2 ** (number // 2), 1 + number % 2
        use_bias = norm_bias or number == 0
        x = _convolution(x, width, 3, f"convolution_{number}", strides=strides, use_bias=use_bias)
        if number:
            x = GhostBatchNormalization(batch_norm_group_size, name=f"norm_{number}")(x)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"leaky_relu_{number}")(x)
    x = layers.Flatten(name="features")(x)
    x = layers.Dense(units, name="dense")(x)
    x = layers.LeakyReLU(negative_slope=0.2, name="leaky_relu_dense")(x)
    logits = layers.Dense(1, dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name=name)


def reach(architecture: str, num_blocks: int, scale: int) -> int:
    """Returns how many pixels of the small image to each side a pixel of the large one depends on.

    Args:
        architecture: `"srresnet"` or `"rrdb"`.
        num_blocks, scale: see `srresnet`.
    """
    sizes = [2**doubling for doubling in range(_doublings(scale))]
    if architecture == "srresnet":
        # 9 x 9, two of 3 x 3 for each block and one behind them; 3 x 3 before each doubling, 9 x 9.
        return math.ceil(4 + 2 * num_blocks + 1 + sum(1 / size for size in sizes) + 4 / scale)
    # 3 x 3 each: the first, fifteen of a block, one behind them, one after each doubling, two more.
    return math.ceil(1 + 15 * num_blocks + 1 + sum(1 / (2 * size) for size in sizes) + 2 / scale)


def _doublings(scale):
    return scale.bit_length() - 1


def _in_unit_range(images):
    """[-1, 1] to [0, 1], the range of the paper's small images: beyond the edge lies black."""
    return layers.Rescaling(0.5, offset=0.5, name="unit_range")(images)


def _convolution(x, width, kernel, name, **arguments):
    return layers.Conv2D(width, kernel, padding="same", name=name, **arguments)(x)


def _enlarged(x, images, kernel, scale, residual, initializer="glorot_uniform"):
    """Returns the float32 image that the last layer makes."""
    x = _convolution(
        x,
        images.shape[-1],
        kernel,
        "enlarged",
        dtype="float32",
        kernel_initializer="zeros" if residual else initializer,
    )
    if not residual:
        return x
    bilinear = BilinearUpsampling(scale, dtype="float32", name="bilinear")(images)
    return layers.Add(dtype="float32", name="sum")([bilinear, x])


def _prelu(x, name):
    return layers.PReLU(shared_axes=[1, 2], name=name)(x)


def _tenth_of_he():
    return keras.initializers.VarianceScaling(2.0 * 0.1**2, "fan_in", "untruncated_normal")
