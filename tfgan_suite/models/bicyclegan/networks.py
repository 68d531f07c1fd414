"""The encoder of BicycleGAN."""

import keras
from keras import layers

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import InstanceNormalization
from tfgan_suite.networks.image_size import height_and_width
from tfgan_suite.networks.initializers import normal_kernel


def residual_encoder(
    image_size=256, channels=3, latent_size=8, filters=64, num_blocks=4, name="residual_encoder"
) -> keras.Model:
    """From images to the mean and the log variance of a Gaussian over latents.

    A convolution of stride 2, then residual blocks that halve the image each: norm, LeakyReLU,
    convolution 3 x 3, norm, LeakyReLU, convolution 3 x 3, averages over 2 x 2 pixels; the shortcut
    is averages and a convolution 1 x 1. Channels grow from `filters` by as many each, up to four
    times. The mean over all places goes to two dense layers.

    Args:
        image_size: int or (height, width): multiples of `2**(num_blocks + 1)`, and the last block
            must have more than a pixel.
        channels: int. Of the images.
        latent_size: int.
        filters: int. Channels of the first layer.
        num_blocks: int.
        name: str.

    Returns:
        `keras.Model` from `[B, height, width, channels]` to `[mean, log_variance]`, float32
        `[B, latent_size]` each.

    Raises:
        UserInputError: images that cannot be halved so often.

    Example:

    >>> residual_encoder(image_size=64, filters=4).output_shape
    [(None, 8), (None, 8)]
    """
    height, width = height_and_width(image_size)
    multiple = 2 ** (num_blocks + 1)
    if any(side < multiple or side % multiple for side in (height, width)):
        raise UserInputError(
            f"image_size must be a multiple of {multiple} for an encoder of {num_blocks} blocks. "
            f"Received: {height} x {width}. Use other images or fewer encoder_blocks."
        )

    def convolution(x, width, kernel_size, stage, strides=1, **more):
        return layers.Conv2D(
            width,
            kernel_size,
            strides=strides,
            padding="same",
            kernel_initializer=normal_kernel(),
            name=f"{stage}_convolution",
            **more,
        )(x)

    def activated(x, stage):
        return layers.LeakyReLU(negative_slope=0.2, name=f"{stage}_leaky_relu")(x)

    def halved(x, stage):
        return layers.AveragePooling2D(2, name=f"{stage}_half")(x)

    images = keras.Input((height, width, channels), name="images")
    x = convolution(images, filters, 4, "stem", strides=2)
    for index in range(num_blocks):
        stage, shortcut = f"block_{index}", x
        for part, here in (("a", x.shape[-1]), ("b", filters * min(index + 2, 4))):
            x = InstanceNormalization(name=f"{stage}_norm_{part}")(x)
            x = activated(x, f"{stage}_{part}")
            # A norm alone follows the first, which would take its bias away.
            x = convolution(x, here, 3, f"{stage}_{part}", use_bias=part == "b")
        shortcut = convolution(halved(shortcut, f"{stage}_shortcut"), here, 1, f"{stage}_shortcut")
        x = layers.Add(name=f"{stage}_add")([halved(x, stage), shortcut])
    x = layers.GlobalAveragePooling2D(name="features")(activated(x, "last"))
    outputs = [
        layers.Dense(latent_size, kernel_initializer=normal_kernel(), dtype="float32", name=head)(x)
        for head in ("mean", "log_variance")
    ]
    return keras.Model(images, outputs, name=name)
