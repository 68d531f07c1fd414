"""The encoder of a context encoder; its decoder and its discriminator are those of DCGAN."""

import keras
from keras import layers

from tfgan_suite.layers import GhostBatchNormalization
from tfgan_suite.networks.image_size import num_doublings
from tfgan_suite.networks.initializers import normal_gain, normal_kernel

_BASE_SIZE = 4


def context_encoder(
    image_size=128,
    channels=3,
    filters=64,
    bottleneck=4000,
    batch_norm_group_size=None,
    name="encoder",
):
    """Images to codes by repeated halving.

    [Pathak et al., 2016](https://arxiv.org/abs/1604.07379), for 128 pixels:

    | layer | output |
    |---|---|
    | convolution 4 x 4 stride 2, LeakyReLU 0.2 | 64 x 64 x 64 |
    | convolution 4 x 4 stride 2, batch norm, LeakyReLU 0.2 | 32 x 32 x 64 |
    | convolution 4 x 4 stride 2, batch norm, LeakyReLU 0.2 | 16 x 16 x 128 |
    | convolution 4 x 4 stride 2, batch norm, LeakyReLU 0.2 | 8 x 8 x 256 |
    | convolution 4 x 4 stride 2, batch norm, LeakyReLU 0.2 | 4 x 4 x 512 |
    | convolution 4 x 4 without padding, batch norm, LeakyReLU 0.2 | 4000 |

    35,599,040 trainable parameters.

    Args:
        image_size: int. 4 doubled two to five times.
        channels: int.
        filters: int. Of the first two stages; each later one has twice as many.
        bottleneck: int. Length of a code.
        batch_norm_group_size: int or None. `group_size` of `GhostBatchNormalization`.
        name: str.

    Returns:
        `keras.Model` from `[B, image_size, image_size, channels]` to float32 `[B, bottleneck]`.
    """

    def convolution(x, width, stage, **how):
        return layers.Conv2D(
            width,
            4,
            use_bias=False,
            kernel_initializer=normal_kernel(),
            name=f"convolution_{stage}",
            **how,
        )(x)

    def normalized(x, stage):
        return GhostBatchNormalization(
            batch_norm_group_size, gamma_initializer=normal_gain(), name=f"norm_{stage}"
        )(x)

    images = keras.Input((image_size, image_size, channels), name="images")
    x = images
    for halving in range(num_doublings(image_size, _BASE_SIZE, fewest=2)):
        size = image_size // 2 ** (halving + 1)
        width = filters * 2 ** max(halving - 1, 0)
        x = convolution(x, width, size, strides=2, padding="same")
        if halving:
            x = normalized(x, size)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"leaky_relu_{size}")(x)
    x = layers.Flatten(name="flat")(convolution(x, bottleneck, 1, padding="valid"))
    codes = layers.LeakyReLU(negative_slope=0.2, dtype="float32", name="codes")(normalized(x, 1))
    return keras.Model(images, codes, name=name)
