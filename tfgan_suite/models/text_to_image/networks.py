"""Networks that are shown the embedding of a text."""

import keras
from keras import layers

from tfgan_suite.layers import GhostBatchNormalization
from tfgan_suite.networks.image_size import num_doublings
from tfgan_suite.networks.initializers import normal_gain, normal_kernel

BASE_SIZE = 4


def generator(
    image_size=64,
    channels=3,
    embedding_size=1024,
    latent_size=100,
    text_size=128,
    filters=128,
    bottlenecks=True,
    batch_norm_group_size=None,
):
    """Latents and the embedding of a text to an image.

    For 64 pixels with the defaults:

    | layer | output |
    |---|---|
    | embedding to dense, LeakyReLU 0.2; beside the latents | 228 |
    | transposed convolution 4 x 4, batch norm | 4 x 4 x 1024 |
    | bottleneck of 256, 256, 1024, added, ReLU | 4 x 4 x 1024 |
    | transposed convolution 4 x 4 stride 2, batch norm | 8 x 8 x 512 |
    | bottleneck of 128, 128, 512, added, ReLU | 8 x 8 x 512 |
    | transposed convolution 4 x 4 stride 2, batch norm, ReLU | 16 x 16 x 256 |
    | transposed convolution 4 x 4 stride 2, batch norm, ReLU | 32 x 32 x 128 |
    | transposed convolution 4 x 4 stride 2, tanh | 64 x 64 x 3 |

    A bottleneck is a convolution 1 x 1 to a quarter of the channels and two of 3 x 3, each with
    batch norm.

    Args:
        image_size: int. 4 doubled one to five times.
        channels: int.
        embedding_size: int. Of the text.
        latent_size: int.
        text_size: int. What the embedding is brought to.
        filters: int. Channels of the stage next to the image; each earlier stage has twice as many.
        bottlenecks: bool. False: a plain DCGAN.
        batch_norm_group_size: int or None. `group_size` of `GhostBatchNormalization`.

    Returns:
        `keras.Model` from `[latents, embedding]` to images in [-1, 1].
    """
    doublings = num_doublings(image_size, BASE_SIZE)
    latents = keras.Input((latent_size,), name="latents")
    embedding = keras.Input((embedding_size,), name="embedding")
    text = layers.Dense(text_size, kernel_initializer=normal_kernel(), name="text")(embedding)
    text = layers.LeakyReLU(negative_slope=0.2, name="leaky_relu_text")(text)
    x = layers.Concatenate(name="latents_and_text")([latents, text])
    width = filters * 2 ** (doublings - 1)
    # A transposed convolution of one position.
    x = layers.Dense(
        BASE_SIZE * BASE_SIZE * width,
        use_bias=False,
        kernel_initializer=normal_kernel(),
        name="projection",
    )(x)
    x = layers.Reshape((BASE_SIZE, BASE_SIZE, width), name="base")(x)
    for stage in range(doublings):
        size = BASE_SIZE * 2**stage
        if stage:
            width //= 2
            x = _transposed(x, width, size, use_bias=False)
        x = _norm(x, batch_norm_group_size, f"norm_{size}")
        if bottlenecks and stage < 2:
            inner = max(1, width // 4)
            x = _bottleneck(x, inner, batch_norm_group_size, layers.ReLU, size)
        x = layers.ReLU(name=f"relu_{size}")(x)
    x = _transposed(x, channels, image_size, use_bias=True)
    images = layers.Activation("tanh", dtype="float32", name="images")(x)
    return keras.Model([latents, embedding], images, name="text_to_image_generator")


def discriminator(
    image_size=64,
    channels=3,
    embedding_size=1024,
    text_size=128,
    filters=64,
    bottlenecks=True,
    batch_norm_group_size=None,
):
    """An image and the embedding of a text to a logit: is the image real, and is the text its?

    For 64 pixels with the defaults:

    | layer | output |
    |---|---|
    | convolution 4 x 4 stride 2, LeakyReLU 0.2 | 32 x 32 x 64 |
    | convolution 4 x 4 stride 2, batch norm, LeakyReLU 0.2 | 16 x 16 x 128 |
    | convolution 4 x 4 stride 2, batch norm | 8 x 8 x 256 |
    | convolution 4 x 4 stride 2, batch norm | 4 x 4 x 512 |
    | bottleneck of 128, 128, 512, added, LeakyReLU 0.2 | 4 x 4 x 512 |
    | embedding to dense, batch norm, LeakyReLU 0.2, beside the features | 4 x 4 x 640 |
    | convolution 1 x 1, batch norm, LeakyReLU 0.2 | 4 x 4 x 512 |
    | convolution 4 x 4 | 1 |

    Args:
        filters: int. Channels of the first stage; each later stage has twice as many.
        image_size, channels, embedding_size, text_size, bottlenecks, batch_norm_group_size: see
            `generator`.

    Returns:
        `keras.Model` from `[images, embedding]` to float32 logits `[B, 1]`.
    """
    halvings = num_doublings(image_size, BASE_SIZE)
    images = keras.Input((image_size, image_size, channels), name="images")
    embedding = keras.Input((embedding_size,), name="embedding")
    x = images
    for halving in range(1, halvings + 1):
        size = image_size // 2**halving
        width = filters * 2 ** (halving - 1)
        x = _convolution(x, width, 4, 2, f"convolution_{size}", use_bias=halving == 1)
        if halving > 1:
            x = _norm(x, batch_norm_group_size, f"norm_{size}")
        # The last stage is activated below, and the authors' before the bottleneck is linear.
        if halving < halvings - bottlenecks:
            x = layers.LeakyReLU(negative_slope=0.2, name=f"leaky_relu_{size}")(x)
    if bottlenecks:
        inner = max(1, width // 4)
        x = _bottleneck(x, inner, batch_norm_group_size, _LeakyReLU, BASE_SIZE)
    x = layers.LeakyReLU(negative_slope=0.2, name="features")(x)
    text = layers.Dense(text_size, use_bias=False, kernel_initializer=normal_kernel(), name="text")(
        embedding
    )
    text = _norm(text, batch_norm_group_size, "norm_text")
    text = layers.LeakyReLU(negative_slope=0.2, name="leaky_relu_text")(text)
    text = layers.Reshape((1, 1, text_size), name="text_at_a_position")(text)
    text = layers.UpSampling2D(BASE_SIZE, name="text_at_each_position")(text)
    x = layers.Concatenate(name="features_and_text")([x, text])
    x = _convolution(x, width, 1, 1, "fusion")
    x = _norm(x, batch_norm_group_size, "norm_fusion")
    x = layers.LeakyReLU(negative_slope=0.2, name="leaky_relu_fusion")(x)
    x = layers.Flatten(name="flat")(x)
    logits = layers.Dense(1, kernel_initializer=normal_kernel(), dtype="float32", name="logits")(x)
    return keras.Model([images, embedding], logits, name="text_to_image_discriminator")


def _LeakyReLU(name):
    return layers.LeakyReLU(negative_slope=0.2, name=name)


def _bottleneck(x, inner, group_size, activation, size):
    """Adds what three convolutions make of `x`; the sum has no activation yet."""
    y = x
    for i, (width, kernel) in enumerate([(inner, 1), (inner, 3), (x.shape[-1], 3)]):
        y = _convolution(y, width, kernel, 1, f"bottleneck_{size}_{i}")
        y = _norm(y, group_size, f"bottleneck_norm_{size}_{i}")
        if i < 2:
            y = activation(name=f"bottleneck_activation_{size}_{i}")(y)
    return layers.Add(name=f"bottleneck_{size}")([x, y])


def _convolution(x, width, kernel, strides, name, use_bias=False):
    return layers.Conv2D(
        width,
        kernel,
        strides=strides,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=normal_kernel(),
        name=name,
    )(x)


def _transposed(x, width, size, use_bias):
    return layers.Conv2DTranspose(
        width,
        4,
        strides=2,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=normal_kernel(),
        name=f"transposed_convolution_{size}",
    )(x)


def _norm(x, group_size, name):
    return GhostBatchNormalization(group_size, gamma_initializer=normal_gain(), name=name)(x)
