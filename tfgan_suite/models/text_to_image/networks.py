"""Networks that are shown the embedding of a text."""

import keras
from keras import layers

from tfgan_suite.networks.captioned import (
    BASE_SIZE,
    compressed_text,
    grown_to_images,
    image_features,
    judged_with_text,
    norm,
    projected,
)
from tfgan_suite.networks.image_size import num_doublings
from tfgan_suite.networks.initializers import normal_kernel


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
    text = compressed_text(embedding, text_size, text_norm=False, group_size=batch_norm_group_size)
    x = layers.Concatenate(name="latents_and_text")([latents, text])
    width = filters * 2 ** (doublings - 1)
    # A transposed convolution of one position.
    x = projected(x, width)
    x = layers.Reshape((BASE_SIZE, BASE_SIZE, width), name="base")(x)
    x = norm(x, batch_norm_group_size, f"norm_{BASE_SIZE}")
    images = grown_to_images(
        x, doublings, channels, _transposed, bottlenecks, batch_norm_group_size
    )
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
    x = image_features(
        images,
        halvings,
        filters,
        bottlenecks,
        # Before the bottleneck the authors' are linear.
        num_linear=1 + bottlenecks,
        group_size=batch_norm_group_size,
    )
    logits = judged_with_text(
        x, embedding, text_size, text_norm=True, group_size=batch_norm_group_size
    )
    return keras.Model([images, embedding], logits, name="text_to_image_discriminator")


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
