"""DiscoGAN's generator; its discriminator is DCGAN's."""

import keras
from keras import layers

from tfgan_suite.layers import GhostBatchNormalization
from tfgan_suite.networks.image_size import num_doublings


def encoder_decoder(
    image_size: int = 64,
    channels_in: int = 3,
    channels_out: int = 3,
    filters: int = 64,
    code_size: int | None = None,
    batch_norm_group_size: int | None = None,
    name: str = "encoder_decoder",
) -> keras.Model:
    """Halves images to 4 x 4 and doubles them again, without skips.

    Source: the authors' code of [Kim et al., 2017](https://arxiv.org/abs/1703.05192).

    Args:
        image_size: int. 4 doubled one to five times.
        channels_in, channels_out: int. Of the images.
        filters: int. Channels of the first layer; each halving doubles them.
        code_size: int or None. Length of a vector between both halves (the authors: 100, for
            angles); None: 4 x 4 places.
        batch_norm_group_size: int or None. `group_size` of `GhostBatchNormalization`.
        name: str.

    Returns:
        `keras.Model` from `[B, image_size, image_size, channels_in]` to the same size with
        `channels_out`, in [-1, 1].
    """

    def normalized(x, name):
        return GhostBatchNormalization(batch_norm_group_size, name=f"norm_{name}")(x)

    halvings = num_doublings(image_size, 4)
    images = keras.Input((image_size, image_size, channels_in), name="images")
    settings = {"padding": "same", "use_bias": False}
    x = images
    for halving in range(1, halvings + 1):
        size = image_size // 2**halving
        width = filters * 2 ** (halving - 1)
        x = layers.Conv2D(width, 4, strides=2, name=f"down_{size}", **settings)(x)
        if halving > 1:
            x = normalized(x, f"down_{size}")
        x = layers.LeakyReLU(negative_slope=0.2, name=f"activation_down_{size}")(x)
    if code_size is not None:
        x = layers.Conv2D(code_size, 4, use_bias=False, name="code")(x)
        x = layers.LeakyReLU(negative_slope=0.2, name="activation_code")(normalized(x, "code"))
        x = layers.Conv2DTranspose(width, 4, use_bias=False, name="from_code")(x)
        x = layers.ReLU(name="activation_from_code")(normalized(x, "from_code"))
    for halving in reversed(range(halvings)):
        size = image_size // 2**halving
        width = filters * 2 ** (halving - 1) if halving else channels_out
        x = layers.Conv2DTranspose(width, 4, strides=2, name=f"up_{size}", **settings)(x)
        if halving:
            x = layers.ReLU(name=f"activation_up_{size}")(normalized(x, f"up_{size}"))
    images_out = layers.Activation("tanh", dtype="float32", name="images_out")(x)
    return keras.Model(images, images_out, name=name)


def with_features(network: keras.Model, features: list[str]) -> keras.Model:
    """Returns a network that gives its output, and those of some of its layers.

    Args:
        network: functional model of one output.
        features: names of layers.
    """
    hidden = [network.get_layer(name).output for name in features]
    return keras.Model(network.input, [network.output, *hidden], name=network.name)
