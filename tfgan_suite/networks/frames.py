"""What works on the frames of clips: a network that predicts the next one."""

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import layers

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import InstanceNormalization, ReflectionPadding2D
from tfgan_suite.networks.image_size import height_and_width
from tfgan_suite.networks.initializers import normal_kernel
from tfgan_suite.networks.unet import unet


def each_frame(function: Callable[[tf.Tensor], tf.Tensor], clips: tf.Tensor) -> tf.Tensor:
    """Applies a function of images to every frame of clips.

    Args:
        function: from `[N, H, W, C]` to `[N, ...]`, such as a translator or a discriminator.
        clips: `[B, T, H, W, C]`, `T` known.

    Returns:
        `[B, T, ...]`.

    Example:

    >>> each_frame(lambda images: images[..., :1], tf.zeros([2, 3, 8, 8, 3])).shape
    TensorShape([2, 3, 8, 8, 1])
    """
    made = function(tf.reshape(clips, [-1, *clips.shape[2:]]))
    return tf.reshape(made, [-1, clips.shape[1], *made.shape[1:]])


def frame_predictor(
    image_size=256,
    channels: int = 3,
    num_frames: int = 2,
    filters: int | None = None,
    num_downsamplings: int | None = None,
    stem_filters: int | None = None,
    dropout: float = 0.0,
    name: str = "frame_predictor",
) -> keras.Model:
    """Frames in a row to the one that comes next.

    The predictors of [Bansal et al., 2018](https://arxiv.org/abs/1808.05174), as in the authors'
    code: a U-Net that sees the frames joined on their channels; with `stem_filters` s each frame
    first passes the same three convolutions (7 x 7 to s channels, 3 x 3 to 2 s, 3 x 3 to 4 s, none
    of which halves it), and three more (3 x 3 to 2 s, 3 x 3 to s, 7 x 7) make the frame of what the
    U-Net gives. Norms are `InstanceNormalization` without gain and offset.

    Args:
        image_size: int or pair (height, width), multiples of `2**num_downsamplings`.
        channels: int, channels of a frame.
        num_frames: int, frames seen.
        filters: int or None, channels of the U-Net's first layer. None: 64, and with a stem
            `16 * stem_filters`, as the authors have it.
        num_downsamplings: int or None, see `unet`.
        stem_filters: int or None, channels of the first layer of the stem; None: no stem.
        dropout: float in [0, 1), see `unet`.
        name: str, name of the model.

    Returns:
        `keras.Model` from clips `[batch, num_frames, height, width, channels]` to float32 images
        `[batch, height, width, channels]`, both in [-1, 1].

    Raises:
        UserInputError: sizes that the U-Net cannot be built for, or a number below 1.

    Example:

    >>> frame_predictor(image_size=32, filters=8).input_shape
    (None, 2, 32, 32, 3)
    """
    height, width = height_and_width(image_size)
    if None in (height, width):
        raise UserInputError(f"`image_size` must be known. Received: {image_size!r}.")
    counts = {"num_frames": num_frames, "filters": filters, "stem_filters": stem_filters}
    for argument, value in counts.items():
        if value is None and argument != "num_frames":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UserInputError(f"`{argument}` must be a whole number from 1; received {value!r}.")

    def between(channels_in, channels_out, default_filters):
        return unet(
            image_size,
            channels_in,
            channels_out,
            filters=filters if filters is not None else default_filters,
            num_downsamplings=num_downsamplings,
            dropout=dropout,
            norm_affine=False,
            name=f"{name}_unet",
        )

    clips = keras.Input((num_frames, height, width, channels), name="clips")
    if stem_filters is None:
        joined = num_frames * channels
        x = layers.Permute((2, 3, 1, 4), name="time_beside_channels")(clips)
        x = layers.Reshape((height, width, joined), name="joined")(x)
        return keras.Model(clips, between(joined, channels, 64)(x), name=name)

    def stage(number, width, kernel_size):
        """Padding, convolution, norm and ReLU, to be applied to several frames."""
        return (
            ReflectionPadding2D(3, name=f"padding_{number}")
            if kernel_size == 7
            else layers.ZeroPadding2D(1, name=f"padding_{number}"),
            layers.Conv2D(
                width,
                kernel_size,
                use_bias=False,
                kernel_initializer=normal_kernel(),
                name=f"convolution_{number}",
            ),
            InstanceNormalization(name=f"norm_{number}"),
            layers.ReLU(name=f"relu_{number}"),
        )

    def through(parts, x):
        for part in parts:
            x = part(x)
        return x

    s = stem_filters
    stem = [*stage(0, s, 7), *stage(1, 2 * s, 3), *stage(2, 4 * s, 3)]
    features = []
    for time in range(num_frames):
        cropping = ((time, num_frames - 1 - time), (0, 0), (0, 0))
        x = layers.Cropping3D(cropping, name=f"frame_{time}")(clips)
        x = layers.Reshape((height, width, channels), name=f"image_{time}")(x)
        features.append(through(stem, x))
    x = layers.Concatenate(name="joined")(features) if num_frames > 1 else features[0]
    x = between(4 * s * num_frames, 4 * s, 16 * s)(x)
    x = through([*stage(3, 2 * s, 3), *stage(4, s, 3)], x)
    x = ReflectionPadding2D(3, name="head_padding")(x)
    x = layers.Conv2D(channels, 7, kernel_initializer=normal_kernel(), name="head_convolution")(x)
    predicted = layers.Activation("tanh", dtype="float32", name="predicted")(x)
    return keras.Model(clips, predicted, name=name)
