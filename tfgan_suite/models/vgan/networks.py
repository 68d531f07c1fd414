"""Networks of VGAN, [Vondrick et al., 2016](https://arxiv.org/abs/1609.02612).

As in DCGAN: strided convolutions, batch norm, ReLU in the generator, LeakyReLU of slope 0.2 in the
discriminator. Kernels are from N(0, 0.01), gains from N(1, 0.02); what a norm follows has no bias.
"""

import math

import keras
from keras import layers, ops

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import DoublingConvolution3D, GhostBatchNormalization
from tfgan_suite.networks.image_size import num_doublings
from tfgan_suite.networks.initializers import normal_gain

_BASE = 4


@keras.saving.register_keras_serializable(package="tfgan_suite")
class OverBackground(keras.layers.Layer):
    """`m f + (1 - m) b`: a moving foreground over a background that stands still.

    Inputs: foreground `[B, T, H, W, C]`, mask `[B, T, H, W, 1]` in [0, 1], background
    `[B, H, W, C]`. Output: `[B, T, H, W, C]`.

    Example:

    >>> clip, mask, image = (keras.ops.ones(shape) for shape in ((2, 4, 8, 8, 3), (2, 4, 8, 8, 1),
    ...     (2, 8, 8, 3)))
    >>> OverBackground()([clip, mask, image]).shape
    TensorShape([2, 4, 8, 8, 3])
    """

    def call(self, inputs):
        foreground, mask, background = inputs
        return mask * foreground + (1 - mask) * ops.expand_dims(background, axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape[0]


def vgan_generator(
    image_size=64,
    num_frames=32,
    channels=3,
    latent_size=100,
    filters=64,
    batch_norm_group_size=None,
    name="vgan_generator",
) -> keras.Model:
    """Latents to a clip: a foreground in three dimensions, a mask, and a background in two.

    For the paper's size, behind each layer but the heads batch norm and ReLU:

    | foreground | output | background | output |
    |---|---|---|---|
    | dense | 2 x 4 x 4 x 512 | dense | 4 x 4 x 512 |
    | transposed 4 x 4 x 4 stride 2 | 4 x 8 x 8 x 256 | transposed 4 x 4 stride 2 | 8 x 8 x 256 |
    | the same | 8 x 16 x 16 x 128 | the same | 16 x 16 x 128 |
    | the same | 16 x 32 x 32 x 64 | the same | 32 x 32 x 64 |
    | the same, tanh | 32 x 64 x 64 x 3 | the same, tanh | 64 x 64 x 3 |
    | the same, sigmoid: mask | 32 x 64 x 64 x 1 | | |

    Args:
        image_size: int, height and width: 4 doubled one to five times.
        num_frames: int, a multiple of `2 ** doublings`.
        channels: int, of a frame.
        latent_size: int.
        filters: int, channels before the last doubling; each earlier stage has twice as many.
        batch_norm_group_size: int or None, `group_size` of all `GhostBatchNormalization`.
        name: str.

    Returns:
        `keras.Model` from `[B, latent_size]` to `[clip, mask]`, float32
        `[B, num_frames, H, W, channels]` in [-1, 1] and `[B, num_frames, H, W, 1]` in [0, 1].

    Raises:
        UserInputError: impossible `image_size` or `num_frames`.

    Example:

    >>> vgan_generator(image_size=16, num_frames=8, filters=2).output_shape
    [(None, 8, 16, 16, 3), (None, 8, 16, 16, 1)]
    """
    doublings = num_doublings(image_size, _BASE)
    base_frames = _base_frames(num_frames, doublings)
    latents = keras.Input((latent_size,), name="latents")

    def activated(x, stream, size):
        norm = GhostBatchNormalization(
            batch_norm_group_size, gamma_initializer=normal_gain(), name=f"{stream}_norm_{size}"
        )
        return layers.ReLU(name=f"{stream}_relu_{size}")(norm(x))

    def doubled_in_3d(x, width, name, **how):
        return DoublingConvolution3D(width, kernel_initializer=_kernel(), name=name, **how)(x)

    def doubled_in_2d(x, width, name, **how):
        return layers.Conv2DTranspose(
            width, 4, strides=2, padding="same", kernel_initializer=_kernel(), name=name, **how
        )(x)

    def stream(name, base, doubled):
        width = filters * 2 ** (doublings - 1)
        x = layers.Dense(
            width * math.prod(base),
            use_bias=False,
            kernel_initializer=_kernel(),
            name=f"{name}_projection",
        )(latents)
        x = activated(layers.Reshape((*base, width), name=f"{name}_base")(x), name, _BASE)
        for doubling in range(1, doublings):
            width, size = width // 2, _BASE * 2**doubling
            x = doubled(x, width, f"{name}_transposed_{size}", use_bias=False)
            x = activated(x, name, size)
        return x

    def head(x, activation, name):
        return layers.Activation(activation, dtype="float32", name=name)(x)

    moving = stream("foreground", (base_frames, _BASE, _BASE), doubled_in_3d)
    foreground = head(doubled_in_3d(moving, channels, "foreground_head"), "tanh", "foreground")
    mask = head(doubled_in_3d(moving, 1, "mask_head"), "sigmoid", "mask")
    still = stream("background", (_BASE, _BASE), doubled_in_2d)
    background = head(doubled_in_2d(still, channels, "background_head"), "tanh", "background")
    clip = OverBackground(dtype="float32", name="clip")([foreground, mask, background])
    return keras.Model(latents, [clip, mask], name=name)


def vgan_discriminator(
    image_size=64,
    num_frames=32,
    channels=3,
    filters=64,
    batch_norm_group_size=None,
    name="vgan_discriminator",
) -> keras.Model:
    """Clips to one logit each by repeated halving in three dimensions.

    For the paper's size:

    | layer | output |
    |---|---|
    | convolution 4 x 4 x 4 stride 2, LeakyReLU 0.2 | 16 x 32 x 32 x 64 |
    | convolution 4 x 4 x 4 stride 2, batch norm, LeakyReLU 0.2 | 8 x 16 x 16 x 128 |
    | the same | 4 x 8 x 8 x 256 |
    | the same | 2 x 4 x 4 x 512 |
    | flatten, dense | 1 |

    Args:
        image_size, num_frames, channels, batch_norm_group_size, name: see `vgan_generator`.
        filters: int, channels of the first stage; each later one has twice as many.

    Returns:
        `keras.Model` from `[B, num_frames, image_size, image_size, channels]` to float32 logits
        `[B, 1]`.

    Raises:
        UserInputError: impossible `image_size` or `num_frames`.

    Example:

    >>> vgan_discriminator(image_size=16, num_frames=8, filters=2).output_shape
    (None, 1)
    """
    halvings = num_doublings(image_size, _BASE)
    _base_frames(num_frames, halvings)
    clips = keras.Input((num_frames, image_size, image_size, channels), name="clips")
    x = clips
    for halving in range(1, halvings + 1):
        size = image_size // 2**halving
        x = layers.Conv3D(
            filters * 2 ** (halving - 1),
            4,
            strides=2,
            padding="same",
            use_bias=halving == 1,
            kernel_initializer=_kernel(),
            name=f"convolution_{size}",
        )(x)
        if halving > 1:
            x = GhostBatchNormalization(
                batch_norm_group_size,
                epsilon=1e-3,
                gamma_initializer=normal_gain(),
                name=f"norm_{size}",
            )(x)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"leaky_relu_{size}")(x)
    x = layers.Flatten(name="features")(x)
    logits = layers.Dense(1, kernel_initializer=_kernel(), dtype="float32", name="logits")(x)
    return keras.Model(clips, logits, name=name)


def _base_frames(num_frames, doublings):
    """Returns the frames of the smallest stage."""
    multiple = 2**doublings
    if not isinstance(num_frames, int) or num_frames < multiple or num_frames % multiple:
        raise UserInputError(
            f"num_frames must be a multiple of {multiple} for images that are doubled {doublings} "
            f"times. Received: {num_frames!r}."
        )
    return num_frames // multiple


def _kernel():
    return keras.initializers.RandomNormal(stddev=0.01)
