"""Networks of DCGAN, [Radford et al., 2016](https://arxiv.org/abs/1511.06434).

Strided and transposed convolutions instead of pooling, batch norm everywhere but on D's first
convolution and G's output, ReLU in G, LeakyReLU of slope 0.2 in D, kernels from N(0, 0.02), gains
from N(1, 0.02), no biases (what a norm layer follows needs none, and the authors' code has none in
the output layers either).
"""

import keras
from keras import layers

from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.layers import GhostBatchNormalization
from tfgan_suite.networks.image_size import num_doublings
from tfgan_suite.networks.initializers import normal_gain, normal_kernel

UPSAMPLINGS = ("transposed_convolution", "resize_convolution")
PROJECTION_NORMS = ("units", "channels")


def dcgan_generator(
    image_size=64,
    channels=3,
    latent_size=100,
    filters=128,
    kernel_size=5,
    upsampling="transposed_convolution",
    projection_norm="units",
    batch_norm_group_size=None,
    base_size=4,
    name="dcgan_generator",
    twice_filters=False,
):
    """Latents to images by repeated doubling.

    For 64 pixels with the defaults, the paper's network:

    | layer | output |
    |---|---|
    | dense, batch norm, reshape, ReLU | 4 x 4 x 1024 |
    | transposed convolution 5 x 5, batch norm, ReLU | 8 x 8 x 512 |
    | transposed convolution 5 x 5, batch norm, ReLU | 16 x 16 x 256 |
    | transposed convolution 5 x 5, batch norm, ReLU | 32 x 32 x 128 |
    | transposed convolution 5 x 5, tanh | 64 x 64 x 3 |

    18,885,760 trainable parameters. The popular Torch variant is `filters=64, kernel_size=4,
    projection_norm="channels"`: 3,576,704.

    Args:
        image_size: int, height and width: `base_size` doubled two to five times.
        channels: int, channels of the image.
        latent_size: int, length of a latent vector.
        filters: int, channels of the last hidden stage; each earlier stage has twice as many.
        kernel_size: int, side of all kernels.
        upsampling: "transposed_convolution" (the paper's), or "resize_convolution": nearest
            neighbours, then a convolution; no checkerboard pattern, the same parameters.
        projection_norm: what is normalised after the dense layer: "units" (the authors' code:
            each of its outputs by itself) or "channels" (over the base's positions too; the
            better choice for small batches).
        batch_norm_group_size: int or None, `group_size` of all `GhostBatchNormalization`.
        base_size: int, side of the first stage; 7 makes 28-pixel images.
        name: str, name of the model.
        twice_filters: bool, whether the last two hidden stages have `filters` channels each.

    Returns:
        `keras.Model` from `[batch, latent_size]` to `[batch, image_size, image_size, channels]`
        in [-1, 1].

    Raises:
        UserInputError: impossible `image_size`, or an unknown name.

    Example:

    >>> dcgan_generator(image_size=32, channels=1, filters=16).output_shape
    (None, 32, 32, 1)
    """
    doublings = num_doublings(image_size, base_size, fewest=2)
    _check_choice("upsampling", upsampling, UPSAMPLINGS)
    _check_choice("projection_norm", projection_norm, PROJECTION_NORMS)

    def normalized(x, stage):
        return _batch_norm(batch_norm_group_size, f"norm_{stage}")(x)

    latents = keras.Input((latent_size,), name="latents")
    widths = _widths(filters, doublings, twice_filters)[::-1]
    width = widths[0]
    base_shape = (base_size, base_size, width)
    x = layers.Dense(
        base_size * base_size * width,
        use_bias=False,
        kernel_initializer=normal_kernel(),
        name="projection",
    )(latents)
    if projection_norm == "units":
        x = normalized(x, base_size)
        x = layers.Reshape(base_shape, name="base")(x)
    else:
        x = layers.Reshape(base_shape, name="base")(x)
        x = normalized(x, base_size)
    x = layers.ReLU(name=f"relu_{base_size}")(x)
    for doubling in range(1, doublings):
        size = base_size * 2**doubling
        x = _doubled(x, widths[doubling], kernel_size, upsampling, size)
        x = normalized(x, size)
        x = layers.ReLU(name=f"relu_{size}")(x)
    x = _doubled(x, channels, kernel_size, upsampling, image_size)
    # float32 under every policy: what leaves a network feeds losses and files.
    images = layers.Activation("tanh", dtype="float32", name="images")(x)
    return keras.Model(latents, images, name=name)


def dcgan_discriminator(
    image_size=64,
    channels=3,
    filters=128,
    kernel_size=5,
    batch_norm_group_size=None,
    base_size=4,
    name="dcgan_discriminator",
    twice_filters=False,
):
    """Images to one logit each by repeated halving.

    For 64 pixels with the defaults, the paper's network:

    | layer | output |
    |---|---|
    | convolution 5 x 5 stride 2, LeakyReLU 0.2 | 32 x 32 x 128 |
    | convolution 5 x 5 stride 2, batch norm, LeakyReLU 0.2 | 16 x 16 x 256 |
    | convolution 5 x 5 stride 2, batch norm, LeakyReLU 0.2 | 8 x 8 x 512 |
    | convolution 5 x 5 stride 2, batch norm, LeakyReLU 0.2 | 4 x 4 x 1024 |
    | flatten, dense | 1 |

    17,232,768 trainable parameters; with `filters=64, kernel_size=4`: 2,765,568.

    Args:
        image_size: int, height and width: `base_size` doubled two to five times.
        channels: int, channels of the image.
        filters: int, channels of the first stage; each later stage has twice as many.
        kernel_size: int, side of all kernels.
        batch_norm_group_size: int or None, `group_size` of all `GhostBatchNormalization`.
        base_size: int, side of the last stage.
        name: str, name of the model.
        twice_filters: bool, whether the first two stages have `filters` channels each.

    Returns:
        `keras.Model` from `[batch, image_size, image_size, channels]` in [-1, 1] to float32
        logits `[batch, 1]`.

    Raises:
        UserInputError: impossible `image_size`.

    Example:

    >>> dcgan_discriminator(image_size=32, channels=1, filters=16).output_shape
    (None, 1)
    """
    num_halvings = num_doublings(image_size, base_size, fewest=2)
    images = keras.Input((image_size, image_size, channels), name="images")
    x = images
    widths = _widths(filters, num_halvings, twice_filters)
    for halving in range(1, num_halvings + 1):
        size = image_size // 2**halving
        x = layers.Conv2D(
            widths[halving - 1],
            kernel_size,
            strides=2,
            padding="same",
            use_bias=False,
            kernel_initializer=normal_kernel(),
            name=f"convolution_{size}",
        )(x)
        if halving > 1:
            x = _batch_norm(batch_norm_group_size, f"norm_{size}")(x)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"leaky_relu_{size}")(x)
    x = layers.Flatten(name="features")(x)
    logits = layers.Dense(
        1, use_bias=False, kernel_initializer=normal_kernel(), dtype="float32", name="logits"
    )(x)
    return keras.Model(images, logits, name=name)


def _widths(filters, stages, twice_filters):
    """Channels of stages, the one of the largest features first."""
    return [filters * 2 ** max(stage - twice_filters, 0) for stage in range(stages)]


def _doubled(x, filters, kernel_size, upsampling, size):
    """`x` at twice its height and width, `size`."""
    settings = {"padding": "same", "use_bias": False, "kernel_initializer": normal_kernel()}
    if upsampling == "transposed_convolution":
        return layers.Conv2DTranspose(
            filters, kernel_size, strides=2, name=f"transposed_convolution_{size}", **settings
        )(x)
    x = layers.UpSampling2D(2, interpolation="nearest", name=f"resize_{size}")(x)
    return layers.Conv2D(filters, kernel_size, name=f"convolution_{size}", **settings)(x)


def _batch_norm(group_size, name):
    return GhostBatchNormalization(group_size, gamma_initializer=normal_gain(), name=name)


def _check_choice(argument, value, choices):
    if value not in choices:
        raise UserInputError(
            f"`{argument}` must be one of {', '.join(map(repr, choices))}; received {value!r}."
            f"{closest_name(str(value), choices)}"
        )
