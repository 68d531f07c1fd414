"""Networks of StackGAN, by the tables of the authors' code."""

import keras
from keras import layers

from tfgan_suite.networks.captioned import (
    BASE_SIZE,
    at_each_position,
    convolution,
    grown_to_images,
    image_features,
    judged_with_text,
    norm,
    projected,
)
from tfgan_suite.networks.image_size import num_doublings
from tfgan_suite.networks.initializers import normal_kernel

MOST_DOUBLINGS = 6
"""Of 4 pixels, to the largest images: 256."""


def conditioning_augmentation(
    embedding_size=1024, condition_size=128, leaky=True, name="augmentation"
):
    """The embedding of a text to the Gaussian that its condition is drawn from.

    Two dense layers, one for the means and one for the logarithms of the standard deviations: the
    halves of the authors' single layer of 256.

    Args:
        embedding_size, condition_size: int.
        leaky: bool. Whether LeakyReLU 0.2 follows, as in the authors' code, which keeps means from
            far below zero; the paper has none.
        name: str.

    Returns:
        `keras.Model` from embeddings to `[mean, log_deviation]`, float32 `[B, condition_size]`.
    """
    embedding = keras.Input((embedding_size,), name="embedding")

    def head(which):
        x = layers.Dense(condition_size, kernel_initializer=normal_kernel(), name=f"{which}_dense")
        activation = layers.LeakyReLU(negative_slope=0.2, dtype="float32", name=which)
        linear = layers.Activation("linear", dtype="float32", name=which)
        return (activation if leaky else linear)(x(embedding))

    return keras.Model(embedding, [head("mean"), head("log_deviation")], name=name)


def stage_1_generator(
    image_size=64,
    channels=3,
    latent_size=100,
    condition_size=128,
    filters=128,
    batch_norm_group_size=None,
):
    """Latents and a condition to a rough image.

    For 64 pixels with the defaults:

    | layer | output |
    |---|---|
    | condition beside latents | 228 |
    | dense, batch norm | 4 x 4 x 1024 |
    | bottleneck of 256, 256, 1024, added, ReLU | 4 x 4 x 1024 |
    | nearest neighbours, convolution 3 x 3, batch norm | 8 x 8 x 512 |
    | bottleneck of 128, 128, 512, added, ReLU | 8 x 8 x 512 |
    | nearest neighbours, convolution 3 x 3, batch norm, ReLU | 16 x 16 x 256 |
    | nearest neighbours, convolution 3 x 3, batch norm, ReLU | 32 x 32 x 128 |
    | nearest neighbours, convolution 3 x 3, tanh | 64 x 64 x 3 |

    Bottlenecks are those of `text_to_image`.

    Args:
        image_size: int. 4 doubled one to five times.
        channels, latent_size, condition_size: int.
        filters: int. Channels of the stage next to the image; each earlier stage has twice as many.
        batch_norm_group_size: int or None. `group_size` of `GhostBatchNormalization`.

    Returns:
        `keras.Model` from `[latents, condition]` to images in [-1, 1].
    """
    doublings = num_doublings(image_size, BASE_SIZE)
    latents = keras.Input((latent_size,), name="latents")
    condition = keras.Input((condition_size,), name="condition")
    x = layers.Concatenate(name="condition_and_latents")([condition, latents])
    width = filters * 2 ** (doublings - 1)
    x = projected(x, width)
    x = norm(x, batch_norm_group_size, f"norm_{BASE_SIZE}")
    x = layers.Reshape((BASE_SIZE, BASE_SIZE, width), name="base")(x)
    images = grown_to_images(x, doublings, channels, _enlarged, True, batch_norm_group_size)
    return keras.Model([latents, condition], images, name="stage_1_generator")


def stage_2_generator(
    image_size=64,
    scale=4,
    channels=3,
    condition_size=128,
    filters=128,
    num_blocks=4,
    batch_norm_group_size=None,
):
    """A rough image and a condition to an image of `scale` times its sides.

    For 64 pixels with the defaults:

    | layer | output |
    |---|---|
    | convolution 3 x 3, ReLU | 64 x 64 x 128 |
    | convolution 4 x 4 stride 2, batch norm, ReLU | 32 x 32 x 256 |
    | convolution 4 x 4 stride 2, batch norm, ReLU | 16 x 16 x 512 |
    | condition at each position | 16 x 16 x 640 |
    | convolution 3 x 3, batch norm, ReLU | 16 x 16 x 512 |
    | 4 times: two convolutions 3 x 3 with batch norm, ReLU between, added, ReLU | 16 x 16 x 512 |
    | 4 times: nearest neighbours, convolution 3 x 3, batch norm, ReLU | 256 x 256 x 32 |
    | convolution 3 x 3, tanh | 256 x 256 x 3 |

    Args:
        image_size: int. Side of the rough images.
        scale: 2 or 4.
        channels, condition_size: int.
        filters: int. Channels of the first convolution.
        num_blocks: int. Residual blocks.
        batch_norm_group_size: see `stage_1_generator`.

    Returns:
        `keras.Model` from `[images, condition]` to images in [-1, 1].
    """

    def normalized(x, width, kernel, strides, name):
        x = convolution(x, width, kernel, strides, f"convolution_{name}")
        return norm(x, batch_norm_group_size, f"norm_{name}")

    def activated(x, name):
        return layers.ReLU(name=f"relu_{name}")(x)

    images = keras.Input((image_size, image_size, channels), name="rough_images")
    condition = keras.Input((condition_size,), name="condition")
    x = activated(convolution(images, filters, 3, 1, "convolution_in", use_bias=True), "in")
    for halving in (1, 2):
        x = activated(
            normalized(x, filters * 2**halving, 4, 2, f"down_{halving}"), f"down_{halving}"
        )
    size, width = x.shape[1], x.shape[-1]
    x = layers.Concatenate(name="features_and_text")([x, at_each_position(condition, size)])
    x = activated(normalized(x, width, 3, 1, "fusion"), "fusion")
    for block in range(num_blocks):
        y = activated(normalized(x, width, 3, 1, f"block_{block}_a"), f"block_{block}_a")
        y = normalized(y, width, 3, 1, f"block_{block}_b")
        x = activated(layers.Add(name=f"block_{block}")([x, y]), f"block_{block}")
    while size < scale * image_size:
        size, width = 2 * size, max(1, width // 2)
        x = norm(_enlarged(x, width, size), batch_norm_group_size, f"norm_{size}")
        x = activated(x, size)
    x = convolution(x, channels, 3, 1, "convolution_out", use_bias=True)
    made = layers.Activation("tanh", dtype="float32", name="images")(x)
    return keras.Model([images, condition], made, name="stage_2_generator")


def discriminator(
    image_size=64,
    channels=3,
    embedding_size=1024,
    text_size=128,
    filters=64,
    batch_norm_group_size=None,
    name="discriminator",
):
    """An image and the embedding of a text to a logit: is the image real, and is the text its?

    The embedding itself: not the condition, which the generator draws. With the defaults, for 64
    pixels and, by six halvings, for 256:

    | layer | 64 | 256 |
    |---|---|---|
    | convolutions 4 x 4 stride 2, batch norm but in the first | 64 to 512 | 64 to 2048 |
    | convolutions 1 x 1, batch norm | none | 1024, 512 |
    | bottleneck of 128, 128, 512, added | 4 x 4 x 512 | 4 x 4 x 512 |
    | embedding to dense of 128, beside the features | 4 x 4 x 640 | 4 x 4 x 640 |
    | convolution 1 x 1, batch norm | 4 x 4 x 512 | 4 x 4 x 512 |
    | convolution 4 x 4 | 1 | 1 |

    LeakyReLU 0.2 behind all but the last; behind the sum instead of in front of the bottleneck.

    Args:
        image_size: int. 4 doubled one to six times.
        channels, embedding_size, text_size: int.
        filters: int. Channels of the first convolution; each later one has twice as many.
        batch_norm_group_size: see `stage_1_generator`.
        name: str.

    Returns:
        `keras.Model` from `[images, embedding]` to float32 logits `[B, 1]`.
    """
    halvings = num_doublings(image_size, BASE_SIZE, most=MOST_DOUBLINGS)
    images = keras.Input((image_size, image_size, channels), name="images")
    embedding = keras.Input((embedding_size,), name="embedding")
    x = image_features(
        images,
        halvings,
        filters,
        bottlenecks=True,
        num_linear=1,
        group_size=batch_norm_group_size,
        widest=8 * filters,
    )
    logits = judged_with_text(
        x, embedding, text_size, text_norm=False, group_size=batch_norm_group_size
    )
    return keras.Model([images, embedding], logits, name=name)


def _enlarged(x, width, size, use_bias=False):
    before = x.shape[-1]
    x = layers.UpSampling2D(2, interpolation="nearest", name=f"nearest_{size}")(x)
    # LiteRT does not follow Keras' repeated pixels to a known shape, and has no convolution of
    # another.
    x = layers.Reshape((size, size, before), name=f"shape_{size}")(x)
    return convolution(x, width, 3, 1, f"convolution_{size}", use_bias=use_bias)
