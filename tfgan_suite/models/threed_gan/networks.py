"""The networks of 3D-GAN: DCGAN's in three dimensions, with kernels of 4 and no biases."""

import keras
from keras import layers

from tfgan_suite.layers import DoublingConvolution3D, GhostBatchNormalization
from tfgan_suite.networks.image_size import num_doublings
from tfgan_suite.networks.initializers import normal_gain, normal_kernel

BASE = 4


def volume_generator(side=64, latent_size=200, filters=64, batch_norm_group_size=None):
    """Latents to volumes.

    For a side of 64 with the defaults, behind each layer but the last batch norm and ReLU:

    | layer | output |
    |---|---|
    | transposed convolution 4 x 4 x 4 of one place | 4 x 4 x 4 x 512 |
    | transposed convolution 4 x 4 x 4 stride 2 | 8 x 8 x 8 x 256 |
    | the same | 16 x 16 x 16 x 128 |
    | the same | 32 x 32 x 32 x 64 |
    | the same, sigmoid | 64 x 64 x 64 x 1 |

    17,569,664 trainable parameters.

    Args:
        side: int. 4 doubled one to four times.
        latent_size: int.
        filters: int. Channels of the stage next to the volume; each earlier one has twice as many.
        batch_norm_group_size: int or None. `group_size` of `GhostBatchNormalization`.

    Returns:
        `keras.Model` from `[B, latent_size]` to float32 `[B, side, side, side, 1]` in [0, 1].
    """
    doublings = num_doublings(side, BASE, most=4)
    latents = keras.Input((latent_size,), name="latents")
    width = filters * 2 ** (doublings - 1)
    # A transposed convolution of one place.
    x = layers.Dense(
        BASE**3 * width, use_bias=False, kernel_initializer=normal_kernel(), name="projection"
    )(latents)
    x = layers.Reshape((BASE, BASE, BASE, width), name="base")(x)
    for doubling in range(doublings):
        size = BASE * 2**doubling
        if doubling:
            width //= 2
            x = _doubled(x, width, size)
        x = _norm(x, batch_norm_group_size, size)
        x = layers.ReLU(name=f"relu_{size}")(x)
    x = _doubled(x, 1, side)
    volumes = layers.Activation("sigmoid", dtype="float32", name="volumes")(x)
    return keras.Model(latents, volumes, name="threed_generator")


def volume_discriminator(side=64, filters=64, batch_norm_group_size=None):
    """Volumes to one logit each.

    For a side of 64 with the defaults, LeakyReLU 0.2 behind each layer but the last, and batch norm
    from the second on:

    | layer | output |
    |---|---|
    | convolution 4 x 4 x 4 stride 2 | 32 x 32 x 32 x 64 |
    | the same | 16 x 16 x 16 x 128 |
    | the same | 8 x 8 x 8 x 256 |
    | the same | 4 x 4 x 4 x 512 |
    | convolution 4 x 4 x 4 without padding | 1 |

    11,048,704 trainable parameters.

    Args:
        side, batch_norm_group_size: see `volume_generator`.
        filters: int. Channels of the first stage; each later one has twice as many.

    Returns:
        `keras.Model` from `[B, side, side, side, 1]` in [0, 1] to float32 logits `[B, 1]`.
    """
    halvings = num_doublings(side, BASE, most=4)
    volumes = keras.Input((side, side, side, 1), name="volumes")
    x = volumes
    for halving in range(halvings):
        size = side // 2 ** (halving + 1)
        x = layers.Conv3D(
            filters * 2**halving,
            4,
            strides=2,
            padding="same",
            use_bias=False,
            kernel_initializer=normal_kernel(),
            name=f"convolution_{size}",
        )(x)
        if halving:
            x = _norm(x, batch_norm_group_size, size)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"features_{size}")(x)
    # A convolution with one place.
    x = layers.Flatten(name="flatten")(x)
    logits = layers.Dense(
        1, use_bias=False, kernel_initializer=normal_kernel(), dtype="float32", name="logits"
    )(x)
    return keras.Model(volumes, logits, name="threed_discriminator")


def pooled_features(discriminator):
    """Returns a network from volumes to what a discriminator's layers see in them.

    The maps behind its convolutions from the second on, max-pooled to 2 x 2 x 2 places, in a row:
    7,168 numbers for a side of 64 with the defaults, of windows of 8, 4 and 2.

    Args:
        discriminator: as `volume_discriminator` builds it. Its layers are shared.

    Returns:
        `keras.Model` from `[B, side, side, side, 1]` to `[B, features]`.
    """
    names = [layer.name for layer in discriminator.layers if layer.name.startswith("features_")]
    pooled = []
    for name in names[1:] or names:
        maps = discriminator.get_layer(name).output
        maps = layers.MaxPooling3D(maps.shape[1] // 2, name=f"pooled_{name}")(maps)
        pooled.append(layers.Flatten(name=f"row_of_{name}")(maps))
    together = layers.Concatenate(name="together")(pooled) if len(pooled) > 1 else pooled[0]
    return keras.Model(discriminator.input, together, name="threed_features")


def _doubled(x, filters, size):
    return DoublingConvolution3D(
        filters,
        use_bias=False,
        kernel_initializer=normal_kernel(),
        name=f"transposed_convolution_{size}",
    )(x)


def _norm(x, group_size, size):
    return GhostBatchNormalization(
        group_size, gamma_initializer=normal_gain(), name=f"norm_{size}"
    )(x)
