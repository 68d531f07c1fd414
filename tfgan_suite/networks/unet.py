"""Image-to-image network whose decoder also sees the encoder's layers."""

import keras
from keras import layers

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import Dropout, InstanceNormalization
from tfgan_suite.networks.image_size import height_and_width
from tfgan_suite.networks.initializers import normal_gain, normal_kernel

LATENTS_INTO = ("all", "input")


def unet(
    image_size=256,
    input_channels=3,
    output_channels=3,
    filters=64,
    num_downsamplings=None,
    dropout=0.5,
    dropout_blocks=3,
    norm="instance",
    norm_affine=True,
    latent_size=0,
    latents_into="all",
    name="unet",
):
    """Translates an image into another of the same size, by an encoder, a decoder and skips.

    From [Isola et al., 2017](https://arxiv.org/abs/1611.07004). For 256 pixels with the defaults,
    kernels of 4 x 4 throughout:

    | encoder: convolution stride 2, norm, LeakyReLU 0.2 | output |
    |---|---|
    | without norm | 128 x 128 x 64 |
    | | 64 x 64 x 128, 32 x 32 x 256, 16 x 16 x 512, 8 x 8, 4 x 4, 2 x 2 |
    | the bottleneck: without norm, ReLU | 1 x 1 x 512 |

    | decoder: transposed convolution stride 2, norm, ReLU | with the skip |
    |---|---|
    | three times with dropout before the ReLU | 2 x 2 x 1024, 4 x 4, 8 x 8 |
    | | 16 x 16 x 1024, 32 x 32 x 512, 64 x 64 x 256, 128 x 128 x 128 |
    | without norm, tanh | 256 x 256 x 3 |

    A skip is the encoder's layer of the same size. A norm of a 1 x 1 bottleneck would make 0 of any
    value. The norm is `InstanceNormalization` with a gain and an offset: what batch norm in
    training mode is for a batch of 1, the paper's in training and at test time. Biases are in the
    output layer alone. 54,413,955 parameters; for 128 pixels 41,828,995.

    With latents it is the generator of [Zhu et al., 2017](https://arxiv.org/abs/1711.11586), which
    shows them to each convolution of the encoder; the decoder gets them through the skips.

    Args:
        image_size: int or pair (height, width), multiples of `2**num_downsamplings`; without
            latents also None for any such size.
        input_channels: int, channels of the images given.
        output_channels: int, channels of the images made.
        filters: int, channels of the first and the last hidden stage; doubled up to eight times as
            many.
        num_downsamplings: int, stages of the encoder, at least 2. None: until the shorter side is
            1 pixel.
        dropout: float in [0, 1), rate of `tfgan_suite.layers.Dropout`.
        dropout_blocks: int, first stages of the decoder that have dropout.
        norm: str, "instance", or "none": then each convolution has a bias. Instance norm takes out
            of a layer what is the same at all places, which is how latents come in.
        norm_affine: bool, whether norm layers have a gain and an offset.
        latent_size: int, length of a latent vector; 0: no latents.
        latents_into: str, "all" stages of the encoder, or "input": the first alone.
        name: str, name of the model.

    Returns:
        `keras.Model` from `[batch, height, width, input_channels]`, or from these images and
        latents `[batch, latent_size]`, to float32 `[batch, height, width, output_channels]`;
        images in [-1, 1].

    Raises:
        UserInputError: `image_size` cannot be halved so often, or an argument is none of the above.

    Example:

    >>> unet(image_size=64, filters=8).output_shape
    (None, 64, 64, 3)
    """
    height, width = height_and_width(image_size)
    num_downsamplings = _num_downsamplings(height, width, num_downsamplings)
    norm = "none" if norm is None else norm  # as a command line gives it
    if norm not in ("instance", "none"):
        raise UserInputError(f'`norm` must be "instance" or "none"; received {norm!r}.')
    if latents_into not in LATENTS_INTO:
        raise UserInputError(f'`latents_into` must be "all" or "input"; received {latents_into!r}.')
    if latent_size and None in (height, width):
        raise UserInputError(
            f"A U-Net with latents has images of one size; received `image_size` {image_size!r}."
        )
    widths = [filters * min(2**stage, 8) for stage in range(num_downsamplings)]

    def normalized(x, stage):
        if norm == "none":
            return x
        gain = {"gamma_initializer": normal_gain()} if norm_affine else {}
        return InstanceNormalization(
            center=norm_affine, scale=norm_affine, name=f"{stage}_norm", **gain
        )(x)

    def convolution(kind, width, stage, **more):
        return kind(
            width,
            4,
            strides=2,
            padding="same",
            kernel_initializer=normal_kernel(),
            name=f"{stage}_convolution",
            **{"use_bias": norm == "none", **more},
        )

    images = keras.Input((height, width, input_channels), name="images")
    latents = keras.Input((latent_size,), name="latents") if latent_size else None
    x, skips = images, []
    for index, filters_here in enumerate(widths):
        stage = f"down_{index}"
        if latents is not None and (index == 0 or latents_into == "all"):
            x = _with_latents(x, latents, stage)
        x = convolution(layers.Conv2D, filters_here, stage)(x)
        is_bottleneck = index == num_downsamplings - 1
        if index > 0 and not is_bottleneck:
            x = normalized(x, stage)
        if is_bottleneck:
            x = layers.ReLU(name=f"{stage}_relu")(x)
        else:
            x = layers.LeakyReLU(negative_slope=0.2, name=f"{stage}_leaky_relu")(x)
            skips.append(x)
    for index, (filters_here, skip) in enumerate(zip(widths[-2::-1], reversed(skips), strict=True)):
        stage = f"up_{index}"
        x = convolution(layers.Conv2DTranspose, filters_here, stage)(x)
        x = normalized(x, stage)
        if dropout and index < dropout_blocks:
            x = Dropout(dropout, name=f"{stage}_dropout")(x)
        # The authors' ReLU acts on the skip too, and takes its negative part away.
        x = layers.Concatenate(name=f"{stage}_skip")([x, skip])
        x = layers.ReLU(name=f"{stage}_relu")(x)
    x = convolution(layers.Conv2DTranspose, output_channels, "output", use_bias=True)(x)
    made = layers.Activation("tanh", dtype="float32", name="translated")(x)
    return keras.Model(images if latents is None else [images, latents], made, name=name)


def _num_downsamplings(height, width, asked):
    """The stages asked for, or those down to 1 pixel, if images can be halved so often."""
    sides = [side for side in (height, width) if side is not None]
    if asked is None:
        if not sides:
            raise UserInputError("A U-Net for images of any size needs `num_downsamplings`.")
        asked = max(2, min(sides).bit_length() - 1)
    if not isinstance(asked, int) or asked < 2:
        raise UserInputError(
            f"`num_downsamplings` must be None or an int of at least 2; received {asked!r}."
        )
    if any(side < 1 or side % 2**asked for side in sides):
        raise UserInputError(
            f"`image_size` must be a multiple of {2**asked}: a U-Net with {asked} stages halves "
            f"it that often. Received: {height} x {width}. Use other images or another "
            "`num_downsamplings`."
        )
    return asked


def _with_latents(x, latents, stage):
    """`x` with the latents behind the channels of each pixel."""
    _, height, width, _ = x.shape
    pixel = layers.Reshape((1, 1, latents.shape[-1]), name=f"{stage}_latents")(latents)
    everywhere = layers.UpSampling2D((height, width), name=f"{stage}_latents_everywhere")(pixel)
    return layers.Concatenate(name=f"{stage}_with_latents")([x, everywhere])
