"""Residual picture-to-picture network of CycleGAN."""

import keras
from keras import layers

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import InstanceNormalization, ReflectionPadding2D
from tfgan_suite.networks.image_size import height_and_width
from tfgan_suite.networks.initializers import normal_kernel


def resnet_translator(
    image_size=256,
    input_channels=3,
    output_channels=3,
    filters=64,
    num_blocks=9,
    norm_bias=False,
    activation="relu",
    name="resnet_translator",
):
    """Translates a picture into another of the same size.

    From [Zhu et al., 2017](https://arxiv.org/abs/1703.10593), after
    [Johnson et al., 2016](https://arxiv.org/abs/1603.08155). For 256 pixels with the defaults:

    | layer | output |
    |---|---|
    | reflection padding 3, convolution 7 x 7, norm, ReLU | 256 x 256 x 64 |
    | convolution 3 x 3 stride 2, norm, ReLU | 128 x 128 x 128 |
    | convolution 3 x 3 stride 2, norm, ReLU | 64 x 64 x 256 |
    | 9 times: two of (reflection padding 1, convolution 3 x 3, norm), ReLU between, add | same |
    | transposed convolution 3 x 3 stride 2, norm, ReLU | 128 x 128 x 128 |
    | transposed convolution 3 x 3 stride 2, norm, ReLU | 256 x 256 x 64 |
    | reflection padding 3, convolution 7 x 7, tanh | 256 x 256 x 3 |

    The norm is `InstanceNormalization`. 11,378,179 parameters with 9 blocks and 7,837,699 with 6
    when `norm_bias=True`. The strided layers are aligned as the authors': zeros are padded on both
    sides, where "same" padding would pad the bottom and the right alone.

    Args:
        image_size: int, pair (height, width) or None for any size; multiples of 4, at least 8.
            The authors take 9 blocks at 256 pixels and 6 at 128.
        input_channels: int, channels of the pictures given.
        output_channels: int, channels of the pictures made.
        filters: int, channels of the first and the last hidden stage.
        num_blocks: int, residual blocks.
        norm_bias: bool, biases also in front of norm layers, where they do nothing; for
            comparison with other code's weights and counts.
        activation: str, of the hidden layers, as `keras.layers.Activation` takes it.
        name: str, name of the model.

    Returns:
        `keras.Model` from `[batch, height, width, input_channels]` to float32
        `[batch, height, width, output_channels]`, both in [-1, 1].

    Raises:
        UserInputError: `image_size` is no multiple of 4 or is below 8.

    Example:

    >>> resnet_translator(image_size=64, filters=16, num_blocks=6).output_shape
    (None, 64, 64, 3)
    """
    height, width = height_and_width(image_size)
    for side in (height, width):
        if side is not None and (side % 4 or side < 8):
            raise UserInputError(
                "`image_size` must be a multiple of 4 and at least 8 (the network halves it "
                f"twice and doubles it twice); received {image_size!r}."
            )

    def convolution(x, width, kernel_size, stage, strides=1):
        x = layers.Conv2D(
            width,
            kernel_size,
            strides=strides,
            use_bias=norm_bias,
            kernel_initializer=normal_kernel(),
            name=f"{stage}_convolution",
        )(x)
        return InstanceNormalization(name=f"{stage}_norm")(x)

    images = keras.Input((height, width, input_channels), name="images")
    x = ReflectionPadding2D(3, name="stem_padding")(images)
    x = convolution(x, filters, 7, "stem")
    x = layers.Activation(activation, name="stem_activation")(x)
    for index, width_factor in enumerate((2, 4)):
        stage = f"down_{index}"
        x = layers.ZeroPadding2D(1, name=f"{stage}_padding")(x)
        x = convolution(x, filters * width_factor, 3, stage, strides=2)
        x = layers.Activation(activation, name=f"{stage}_activation")(x)
    for index in range(num_blocks):
        stage = f"block_{index}"
        shortcut = x
        x = ReflectionPadding2D(1, name=f"{stage}_padding_a")(x)
        x = convolution(x, filters * 4, 3, f"{stage}_a")
        x = layers.Activation(activation, name=f"{stage}_activation")(x)
        x = ReflectionPadding2D(1, name=f"{stage}_padding_b")(x)
        x = convolution(x, filters * 4, 3, f"{stage}_b")
        x = layers.Add(name=f"{stage}_add")([shortcut, x])
    for index, width_factor in enumerate((2, 1)):
        stage = f"up_{index}"
        x = layers.Conv2DTranspose(
            filters * width_factor,
            3,
            strides=2,
            use_bias=norm_bias,
            kernel_initializer=normal_kernel(),
            name=f"{stage}_convolution",
        )(x)
        # Padding 1 and output padding 1 in PyTorch's terms: of the 2n + 1 rows the first goes.
        x = layers.Cropping2D(((1, 0), (1, 0)), name=f"{stage}_cropping")(x)
        x = InstanceNormalization(name=f"{stage}_norm")(x)
        x = layers.Activation(activation, name=f"{stage}_activation")(x)
    x = ReflectionPadding2D(3, name="head_padding")(x)
    x = layers.Conv2D(
        output_channels, 7, kernel_initializer=normal_kernel(), name="head_convolution"
    )(x)
    translated = layers.Activation("tanh", dtype="float32", name="translated")(x)
    return keras.Model(images, translated, name=name)
