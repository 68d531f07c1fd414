"""The predictor of several scales, and the discriminators of its scales."""

from typing import NamedTuple

import keras
from keras import layers

from tfgan_suite.errors import UserInputError
from tfgan_suite.layers import ChannelsToFrames, FramesToChannels, PixelShuffle


class Scale(NamedTuple):
    """The networks of one size of the frames.

    Attributes:
        kernels: sides of the generator's kernels, one more than `filters`.
        filters: channels between the generator's convolutions.
        discriminator_kernels, discriminator_filters: of the discriminator's convolutions, which
            have no padding.
        discriminator_units: of its dense layers but the last.
        pools: whether the discriminator's last map is halved by its maxima.
    """

    kernels: tuple[int, ...]
    filters: tuple[int, ...]
    discriminator_kernels: tuple[int, ...]
    discriminator_filters: tuple[int, ...]
    discriminator_units: tuple[int, ...]
    pools: bool = False


#: The scales by architecture, the smallest frames first; each is twice as large as the one before.
ARCHITECTURES = {
    "paper": (
        Scale((3, 3, 3, 3), (128, 256, 128), (3,), (64,), (512, 256)),
        Scale((5, 3, 3, 5), (128, 256, 128), (3, 3, 3), (64, 128, 128), (1024, 512)),
        Scale(
            (5, 3, 3, 3, 3, 5),
            (128, 256, 512, 256, 128),
            (5, 5, 5),
            (128, 256, 256),
            (1024, 512),
        ),
        Scale(
            (7, 5, 5, 5, 5, 7),
            (128, 256, 512, 256, 128),
            (7, 7, 5, 5),
            (128, 256, 512, 128),
            (1024, 512),
        ),
    ),
    # The authors' training script.
    "released": (
        Scale((3, 3, 3, 3), (16, 32, 16), (3,), (32,), (256, 128)),
        Scale((5, 3, 3, 5), (16, 32, 16), (3, 3, 3), (32, 32, 64), (256, 128)),
        Scale((5, 3, 3, 3, 3, 5), (16, 32, 64, 32, 16), (5, 5, 5), (32, 32, 64), (256, 128)),
        Scale(
            (7, 5, 5, 5, 5, 7),
            (16, 32, 64, 32, 16),
            (7, 7, 5, 5),
            (32, 32, 64, 128),
            (256, 128),
            pools=True,
        ),
    ),
    # For a CPU: the two larger scales are thinner, and their kernels smaller.
    "small": (
        Scale((3, 3, 3, 3), (16, 32, 16), (3,), (16,), (64, 32)),
        Scale((5, 3, 3, 5), (16, 32, 16), (3, 3, 3), (16, 16, 32), (64, 32)),
        Scale((5, 3, 3, 3, 5), (16, 32, 32, 16), (5, 5, 5), (16, 16, 32), (64, 32)),
        Scale((5, 3, 3, 3, 5), (16, 32, 32, 16), (5, 5, 5, 5), (16, 16, 32, 32), (64, 32), True),
    ),
    # For tests.
    "tiny": (
        Scale((3, 3), (4,), (3,), (4,), (4,)),
        Scale((3, 3), (4,), (3, 3), (4, 4), (4,), pools=True),
    ),
}


def multi_scale_predictor(
    scales: tuple[Scale, ...],
    channels: int,
    num_history: int,
    num_predicted: int,
    name: str = "multi_scale_predictor",
) -> keras.Model:
    """Frames to the next ones, from the smallest size to the largest.

    At each size the frames of the history, averaged down to it, and the last prediction, doubled
    to it by its nearest pixels, go through convolutions padded with zeros, with ReLU between them.
    Their result is added to that prediction, and tanh makes the new one of the sum. The smallest
    size starts from the history alone.

    Args:
        scales: of `ARCHITECTURES`.
        channels: int. Of a frame.
        num_history, num_predicted: int. Frames that go in and come out.
        name: str.

    Returns:
        `keras.Model` from `[B, num_history, H, W, channels]` in [-1, 1], H and W multiples of
        `2 ** (len(scales) - 1)`, to a list of the predictions, float32
        `[B, num_predicted, h, w, channels]` each, the smallest first.
    """
    frames = keras.Input((num_history, None, None, channels), name="frames")
    history = FramesToChannels(name="history")(frames)
    predictions, guess = [], None
    for index, scale in enumerate(scales):
        factor = 2 ** (len(scales) - 1 - index)
        x = history
        if factor > 1:
            x = layers.AveragePooling2D(factor, name=f"history_{index}")(x)
        if guess is not None:
            # Each pixel four times; unlike Keras' UpSampling2D, channels stay known for any size.
            guess = layers.Concatenate(name=f"guess_four_times_{index}")([guess] * 4)
            guess = PixelShuffle(2, name=f"guess_{index}")(guess)
            x = layers.Concatenate(name=f"seen_{index}")([x, guess])
        widths = (*scale.filters, num_predicted * channels)
        for number, (kernel, width) in enumerate(zip(scale.kernels, widths, strict=True)):
            if number:
                x = layers.ReLU(name=f"relu_{index}_{number}")(x)
            x = layers.Conv2D(width, kernel, padding="same", name=f"convolution_{index}_{number}")(
                x
            )
        if guess is not None:
            x = layers.Add(name=f"sum_{index}")([x, guess])
        guess = layers.Activation("tanh", dtype="float32", name=f"prediction_{index}")(x)
        predictions.append(
            ChannelsToFrames(num_predicted, dtype="float32", name=f"frames_{index}")(guess)
        )
    return keras.Model(frames, predictions, name=name)


def multi_scale_discriminator(
    scales: tuple[Scale, ...],
    image_size: tuple[int, int],
    channels: int,
    num_history: int,
    num_predicted: int,
    name: str = "multi_scale_discriminator",
) -> keras.Model:
    """A discriminator for each size, which sees the frames to be judged behind their history.

    Args:
        scales: of `ARCHITECTURES`.
        image_size: height and width of the largest frames.
        channels, num_history, num_predicted: see `multi_scale_predictor`.
        name: str.

    Returns:
        `keras.Model` from a list of the history, `[B, num_history, H, W, channels]`, and of the
        frames that follow, `[B, num_predicted, h, w, channels]` in each size, the smallest first,
        to float32 logits `[B, len(scales)]`.

    Raises:
        UserInputError: frames that are too small for the convolutions, or cannot be halved.
    """
    largest = 2 ** (len(scales) - 1)
    if any(side % largest for side in image_size):
        raise UserInputError(
            f"Frames of {image_size[0]} x {image_size[1]} cannot be halved {len(scales) - 1} "
            f"times; expected multiples of {largest}."
        )
    frames = keras.Input((num_history, *image_size, channels), name="frames")
    history = FramesToChannels(name="history")(frames)
    inputs, logits = [frames], []
    for index, scale in enumerate(scales):
        factor = 2 ** (len(scales) - 1 - index)
        size = [side // factor for side in image_size]
        needed = 1 + sum(kernel - 1 for kernel in scale.discriminator_kernels) + scale.pools
        if min(size) < needed:
            raise UserInputError(
                f"Frames of {image_size[0]} x {image_size[1]} are too small: the discriminator "
                f"of {size[0]} x {size[1]} has convolutions for {needed * factor} pixels and more."
            )
        following = keras.Input((num_predicted, *size, channels), name=f"following_{index}")
        inputs.append(following)
        x = history
        if factor > 1:
            x = layers.AveragePooling2D(factor, name=f"history_{index}")(x)
        x = layers.Concatenate(name=f"seen_{index}")(
            [x, FramesToChannels(name=f"channels_{index}")(following)]
        )
        for number, (kernel, width) in enumerate(
            zip(scale.discriminator_kernels, scale.discriminator_filters, strict=True)
        ):
            x = layers.Conv2D(
                width, kernel, activation="relu", name=f"convolution_{index}_{number}"
            )(x)
        if scale.pools:
            x = layers.MaxPooling2D(2, name=f"pool_{index}")(x)
        x = layers.Flatten(name=f"features_{index}")(x)
        for number, units in enumerate(scale.discriminator_units):
            x = layers.Dense(units, activation="relu", name=f"dense_{index}_{number}")(x)
        logits.append(layers.Dense(1, dtype="float32", name=f"logit_{index}")(x))
    return keras.Model(
        inputs, layers.Concatenate(dtype="float32", name="logits")(logits), name=name
    )
