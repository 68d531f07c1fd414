"""The encoder of 3D-VAE-GAN."""

import keras
from keras import layers

from tfgan_suite.layers import GhostBatchNormalization
from tfgan_suite.networks.image_size import num_doublings
from tfgan_suite.networks.initializers import normal_gain, normal_kernel

BASE = 32


def image_encoder(
    image_size=256, channels=1, latent_size=200, filters=64, batch_norm_group_size=None
):
    """Images to the mean and the log variance of a Gaussian over latents.

    For images of 256 pixels with the defaults, batch norm and ReLU behind each layer but the last:

    | layer | output |
    |---|---|
    | convolution 11 x 11 stride 4 | 64 x 64 x 64 |
    | convolution 5 x 5 stride 2 | 32 x 32 x 128 |
    | the same | 16 x 16 x 256 |
    | the same | 8 x 8 x 512 |
    | convolution 8 x 8 without padding | 400: means and log variances |

    Args:
        image_size: int. 32 doubled at most three times; each time adds a layer of stride 2.
        channels: int. Of the images.
        latent_size: int.
        filters: int. Channels of the first layer; each later one has twice as many.
        batch_norm_group_size: int or None. `group_size` of `GhostBatchNormalization`.

    Returns:
        `keras.Model` from `[B, image_size, image_size, channels]` to `[mean, log_variance]`,
        float32 `[B, latent_size]` each.
    """
    doublings = num_doublings(image_size, BASE, fewest=0, most=3)
    images = keras.Input((image_size, image_size, channels), name="images")
    x, size = images, image_size // 4
    for index in range(doublings + 1):
        size = size // 2 if index else size
        x = layers.Conv2D(
            filters * 2**index,
            5 if index else 11,
            strides=2 if index else 4,
            padding="same",
            use_bias=False,
            kernel_initializer=normal_kernel(),
            name=f"convolution_{size}",
        )(x)
        x = GhostBatchNormalization(
            batch_norm_group_size, gamma_initializer=normal_gain(), name=f"norm_{size}"
        )(x)
        x = layers.ReLU(name=f"relu_{size}")(x)
    # A convolution with one place, whose channels are the two heads.
    x = layers.Flatten(name="flatten")(x)
    outputs = [
        layers.Dense(latent_size, kernel_initializer=normal_kernel(), dtype="float32", name=head)(x)
        for head in ("mean", "log_variance")
    ]
    return keras.Model(images, outputs, name="image_encoder")
