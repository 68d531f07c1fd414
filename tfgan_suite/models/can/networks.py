"""The networks of CAN: DCGAN's, with a second head that tells the style."""

import keras
from keras import layers

from tfgan_suite.layers import GhostBatchNormalization
from tfgan_suite.networks.image_size import num_doublings
from tfgan_suite.networks.initializers import normal_gain, normal_kernel

BASE = 4
MOST_DOUBLINGS = 6


def can_generator(
    image_size, channels, latent_size=100, filters=64, max_filters=1024, batch_norm_group_size=None
):
    """Latents to images: transposed convolutions of 4 x 4, batch norm, ReLU; tanh at the end.

    For 256 pixels with the defaults, the sizes 4 to 128 have 1024, 1024, 512, 256, 128 and 64
    channels.

    Args:
        image_size: int. 4 doubled two to six times.
        channels, latent_size: int.
        filters: int. Channels of the stage next to the image; each earlier stage has twice as many.
        max_filters: int. No stage has more.
        batch_norm_group_size: int or None. `group_size` of `GhostBatchNormalization`.

    Returns:
        `keras.Model` from `[B, latent_size]` to `[B, image_size, image_size, channels]`.
    """
    doublings = num_doublings(image_size, BASE, fewest=2, most=MOST_DOUBLINGS)
    widths = [min(max_filters, filters * 2**i) for i in reversed(range(doublings))]
    latents = keras.Input((latent_size,), name="latents")
    x = layers.Reshape((1, 1, latent_size), name="as_map")(latents)
    x = _up(x, widths[0], BASE, strides=1, padding="valid")
    x = _activated(x, batch_norm_group_size, BASE)
    for i, width in enumerate(widths[1:], 1):
        x = _up(x, width, BASE * 2**i)
        x = _activated(x, batch_norm_group_size, BASE * 2**i)
    x = _up(x, channels, image_size)
    images = layers.Activation("tanh", dtype="float32", name="images")(x)
    return keras.Model(latents, images, name="can_generator")


def can_discriminator(
    image_size,
    channels,
    num_styles,
    filters=32,
    max_filters=512,
    style_units=(1024, 512),
    batch_norm_group_size=None,
):
    """Images to the logit of "is this art?" and the logits of the styles.

    Convolutions of 4 x 4 with stride 2, batch norm but for the first, LeakyReLU 0.2, down to 4 x 4:
    32, 64, 128, 256, 512 and 512 channels for 256 pixels with the defaults. On the flattened map a
    dense layer for the first, two hidden ones of `style_units` and a third for the styles.

    Args:
        image_size, channels, max_filters, batch_norm_group_size: see `can_generator`.
        num_styles: int.
        filters: int. Channels of the first stage; each later one has twice as many.
        style_units: two ints.

    Returns:
        `keras.Model` from images to logits `[B, 1]` and `[B, num_styles]`.
    """
    halvings = num_doublings(image_size, BASE, fewest=2, most=MOST_DOUBLINGS)
    images = keras.Input((image_size, image_size, channels), name="images")
    x = images
    for i in range(halvings):
        size = image_size // 2 ** (i + 1)
        x = layers.Conv2D(
            min(max_filters, filters * 2**i),
            4,
            strides=2,
            padding="same",
            use_bias=False,
            kernel_initializer=normal_kernel(),
            name=f"convolution_{size}",
        )(x)
        if i:
            x = _batch_norm(batch_norm_group_size, size)(x)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"leaky_relu_{size}")(x)
    features = layers.Flatten(name="features")(x)
    is_art = layers.Dense(1, dtype="float32", name="is_art")(features)
    y = features
    for i, units in enumerate(style_units):
        y = layers.Dense(units, name=f"style_hidden_{i}")(y)
        y = layers.LeakyReLU(negative_slope=0.2, name=f"style_leaky_relu_{i}")(y)
    style = layers.Dense(num_styles, dtype="float32", name="style")(y)
    return keras.Model(images, [is_art, style], name="can_discriminator")


def _up(x, filters, size, strides=2, padding="same"):
    return layers.Conv2DTranspose(
        filters,
        4,
        strides=strides,
        padding=padding,
        use_bias=False,
        kernel_initializer=normal_kernel(),
        name=f"transposed_convolution_{size}",
    )(x)


def _activated(x, group_size, size):
    return layers.ReLU(name=f"relu_{size}")(_batch_norm(group_size, size)(x))


def _batch_norm(group_size, size):
    return GhostBatchNormalization(group_size, gamma_initializer=normal_gain(), name=f"norm_{size}")
