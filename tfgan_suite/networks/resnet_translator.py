"""Residual image-to-image network of CycleGAN."""

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
    num_downsamplings=2,
    norm="instance",
    norm_bias=False,
    activation="relu",
    name="resnet_translator",
):
    """Translates an image into another of the same size.

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
        image_size: int, pair (height, width) or None for any size; multiples of
            `2**num_downsamplings`, at least twice that and at least 4. The authors take 9 blocks
            at 256 pixels and 6 at 128.
        input_channels: int, channels of the images given.
        output_channels: int, channels of the images made.
        filters: int, channels of the first and the last hidden stage.
        num_blocks: int, residual blocks.
        num_downsamplings: int, stages that halve the image before the blocks and double it after
            them; each doubles the channels. The paper's 2 leave small images too few pixels for
            their texture: 8 x 8 of 32 x 32.
        norm: str, "instance" as in the paper, or "none". Instance norm takes the brightness and
            contrast of the whole image out of every layer; without it each convolution has a bias.
        norm_bias: bool, biases also in front of norm layers, where they do nothing; for
            comparison with other code's weights and counts.
        activation: str, of the hidden layers, as `keras.layers.Activation` takes it.
        name: str, name of the model.

    Returns:
        `keras.Model` from `[batch, height, width, input_channels]` to float32
        `[batch, height, width, output_channels]`, both in [-1, 1].

    Raises:
        UserInputError: `image_size` cannot be halved so often or is too small to reflect, or
            `num_downsamplings`, `norm` or `activation` is none of the above.

    Example:

    >>> resnet_translator(image_size=64, filters=16, num_blocks=6).output_shape
    (None, 64, 64, 3)
    """
    height, width = height_and_width(image_size)
    norm = "none" if norm is None else norm  # as a command line gives it
    if norm not in ("instance", "none"):
        raise UserInputError(f'`norm` must be "instance" or "none"; received {norm!r}.')
    if not isinstance(num_downsamplings, int) or num_downsamplings < 0:
        raise UserInputError(
            f"`num_downsamplings` must be an int of at least 0; received {num_downsamplings!r}."
        )
    multiple = 2**num_downsamplings
    smallest = max(4, 2 * multiple)  # the stem reflects 3 pixels, a block 1
    for side in (height, width):
        if side is not None and (side % multiple or side < smallest):
            raise UserInputError(
                f"`image_size` must be a multiple of {multiple} and at least {smallest} (with "
                f"`num_downsamplings` {num_downsamplings} the network halves it that often and "
                f"doubles it as often); received {image_size!r}."
            )
    try:
        keras.activations.get(activation)
    except (ValueError, TypeError) as error:
        raise UserInputError(
            '`activation` must be a name that Keras knows, such as "relu"; received '
            f"{activation!r}."
        ) from error
    use_bias = norm_bias or norm == "none"

    def normalize(x, stage):
        return InstanceNormalization(name=f"{stage}_norm")(x) if norm == "instance" else x

    def convolution(x, width, kernel_size, stage, strides=1):
        x = layers.Conv2D(
            width,
            kernel_size,
            strides=strides,
            use_bias=use_bias,
            kernel_initializer=normal_kernel(),
            name=f"{stage}_convolution",
        )(x)
        return normalize(x, stage)

    images = keras.Input((height, width, input_channels), name="images")
    x = ReflectionPadding2D(3, name="stem_padding")(images)
    x = convolution(x, filters, 7, "stem")
    x = layers.Activation(activation, name="stem_activation")(x)
    for index in range(num_downsamplings):
        stage = f"down_{index}"
        x = layers.ZeroPadding2D(1, name=f"{stage}_padding")(x)
        x = convolution(x, filters * 2 ** (index + 1), 3, stage, strides=2)
        x = layers.Activation(activation, name=f"{stage}_activation")(x)
    for index in range(num_blocks):
        stage = f"block_{index}"
        shortcut = x
        x = ReflectionPadding2D(1, name=f"{stage}_padding_a")(x)
        x = convolution(x, filters * multiple, 3, f"{stage}_a")
        x = layers.Activation(activation, name=f"{stage}_activation")(x)
        x = ReflectionPadding2D(1, name=f"{stage}_padding_b")(x)
        x = convolution(x, filters * multiple, 3, f"{stage}_b")
        x = layers.Add(name=f"{stage}_add")([shortcut, x])
    for index in range(num_downsamplings):
        stage = f"up_{index}"
        x = layers.Conv2DTranspose(
            filters * 2 ** (num_downsamplings - 1 - index),
            3,
            strides=2,
            use_bias=use_bias,
            kernel_initializer=normal_kernel(),
            name=f"{stage}_convolution",
        )(x)
        # Padding 1 and output padding 1 in PyTorch's terms: of the 2n + 1 rows the first goes.
        x = layers.Cropping2D(((1, 0), (1, 0)), name=f"{stage}_cropping")(x)
        x = normalize(x, stage)
        x = layers.Activation(activation, name=f"{stage}_activation")(x)
    x = ReflectionPadding2D(3, name="head_padding")(x)
    x = layers.Conv2D(
        output_channels, 7, kernel_initializer=normal_kernel(), name="head_convolution"
    )(x)
    translated = layers.Activation("tanh", dtype="float32", name="translated")(x)
    return keras.Model(images, translated, name=name)
