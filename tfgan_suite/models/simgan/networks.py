"""SimGAN's refiner and its discriminator of patches."""

import keras
from keras import layers


def refiner(image_shape, filters: int = 64, num_blocks: int = 4, name: str = "refiner"):
    """Images to refined images: residual blocks at full size, without normalisation.

    Source: [Shrivastava et al., 2017](https://arxiv.org/abs/1612.07828). 296,129 parameters for
    grey images.

    Args:
        image_shape: (height, width, channels).
        filters: int.
        num_blocks: int.
        name: str.

    Returns:
        `keras.Model` from `[B, *image_shape]` to the same shape, in [-1, 1].
    """
    images = keras.Input(tuple(image_shape), name="images")

    def convolved(x, name):
        return layers.Conv2D(filters, 3, padding="same", name=name)(x)

    x = layers.ReLU(name="activation")(convolved(images, "convolution"))
    for number in range(num_blocks):
        branch = layers.ReLU(name=f"activation_{number}_a")(convolved(x, f"convolution_{number}_a"))
        branch = convolved(branch, f"convolution_{number}_b")
        x = layers.ReLU(name=f"block_{number}")(layers.Add(name=f"sum_{number}")([x, branch]))
    x = layers.Conv2D(image_shape[-1], 1, name="to_image")(x)
    refined = layers.Activation("tanh", dtype="float32", name="refined")(x)
    return keras.Model(images, refined, name=name)


def local_discriminator(image_shape, filters: int = 96, name: str = "local_discriminator"):
    """Images to logits of both classes for each patch of 23 x 23 pixels.

    Source: as `refiner`. 75,906 parameters for grey images; the map of 35 x 55 pixels has 9 x 14
    places.

    Args:
        image_shape: (height, width, channels).
        filters: int. A multiple of 3; the later layers have two thirds and one third of it.
        name: str.

    Returns:
        `keras.Model` from `[B, *image_shape]` to `[B, height, width, 2]`: real, refined.
    """
    images = keras.Input(tuple(image_shape), name="images")
    x = images
    for number, (outputs, kernel, stride) in enumerate(
        [(filters, 3, 2), (2 * filters // 3, 3, 2), (filters // 3, 3, 1), (filters // 3, 1, 1)]
    ):
        x = layers.Conv2D(outputs, kernel, stride, "same", name=f"convolution_{number}")(x)
        x = layers.ReLU(name=f"activation_{number}")(x)
        if number == 1:
            x = layers.MaxPooling2D(3, 1, padding="same", name="pool")(x)
    logits = layers.Conv2D(2, 1, dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name=name)
