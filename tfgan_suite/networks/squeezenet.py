"""SqueezeNet 1.0, a small classifier whose hidden layers serve as image features."""

import pathlib
import zipfile

import keras
import numpy as np
from keras import layers

from tfgan_suite.errors import RunFailure, UserInputError, closest_name

#: Side of the images that the published weights were trained on, in pixels.
IMAGE_SIZE = 227
_CHANNEL_MEANS = (104.0, 117.0, 123.0)  # blue, green, red
_WIDTHS = {  # of each fire module: squeeze, expand (twice)
    "fire2": (16, 64),
    "fire3": (16, 64),
    "fire4": (32, 128),
    "fire5": (32, 128),
    "fire6": (48, 192),
    "fire7": (48, 192),
    "fire8": (64, 256),
    "fire9": (64, 256),
}
_POOLED = ("conv1", "fire4", "fire8")  # what a max-pool follows
#: Layers that `squeezenet` can give as outputs, from the image to the classes.
LAYERS = ("conv1", *_WIDTHS, "logits")


def squeezenet(
    weights=None, outputs=("logits",), image_size=IMAGE_SIZE, activated=True, name="squeezenet"
):
    """Classifies images into the 1,000 classes of ImageNet, or gives its hidden features.

    From [Iandola et al., 2016](https://arxiv.org/abs/1602.07360), version 1.0, 1,248,424
    parameters. A fire module is a 1 x 1 convolution that squeezes, and beside each other a 1 x 1
    and a 3 x 3 convolution that expand; ReLU behind each.

    Args:
        weights: path of an npz file that holds `<layer>_kernel` (height, width, in, out) and
            `<layer>_bias` for `conv1`, `conv_final` and `fire<n>_{squeeze1x1,expand1x1,expand3x3}`.
            None: random weights.
        outputs: sequence of names from `LAYERS`. A fire module's output is behind its ReLU and in
            front of the max-pool that may follow.
        image_size: int or None. Side of the images; None for any size from 31 on. The published
            weights were trained at 227 pixels.
        activated: bool. False: the outputs are in front of their ReLU.
        name: str, name of the model.

    Returns:
        `keras.Model` from float32 RGB images `[batch, height, width, 3]` in [-1, 1] to the output,
        or to the list of them where several are named. Logits are `[batch, 1000]`, averaged over
        the places of the image.

    Raises:
        UserInputError: an unknown output, or weights of other layers or shapes.
        RunFailure: a file that is no readable npz.

    Example:

    >>> squeezenet(outputs=("fire9",)).output_shape
    (None, 13, 13, 512)
    """
    for output in outputs:
        if output not in LAYERS:
            raise UserInputError(
                f"SqueezeNet has no layer {output!r}.{closest_name(str(output), LAYERS)} "
                f"Expected some of {', '.join(LAYERS)}."
            )

    linear = {}  # what is in front of a ReLU, by layer

    def convolution(x, filters, kernel_size, layer, strides=1, padding="same"):
        linear[layer] = layers.Conv2D(filters, kernel_size, strides, padding=padding, name=layer)(x)
        return layers.ReLU(name=f"{layer}_relu")(linear[layer])

    images = keras.Input((image_size, image_size, 3), name="images")
    # The order and the range of the authors' framework.
    x = (keras.ops.flip(images, axis=-1) + 1.0) * 127.5 - np.array(_CHANNEL_MEANS, np.float32)
    made = {"conv1": convolution(x, 96, 7, "conv1", strides=2, padding="valid")}
    x = _pool(made["conv1"])
    for module, (squeeze, expand) in _WIDTHS.items():
        x = convolution(x, squeeze, 1, f"{module}_squeeze1x1")
        sides = (1, 3)
        x = layers.Concatenate(name=module)(
            [convolution(x, expand, side, f"{module}_expand{side}x{side}") for side in sides]
        )
        made[module] = x
        if module in _POOLED:
            x = _pool(x)
    x = convolution(x, 1000, 1, "conv_final")
    made["logits"] = layers.GlobalAveragePooling2D(name="logits")(x)
    if not activated:
        made["conv1"] = linear["conv1"]
        for module in set(_WIDTHS) & set(outputs):
            made[module] = layers.Concatenate(name=f"{module}_linear")(
                [linear[f"{module}_expand{side}x{side}"] for side in (1, 3)]
            )
        made["logits"] = layers.GlobalAveragePooling2D(name="linear_logits")(linear["conv_final"])
    asked = [made[output] for output in outputs]
    model = keras.Model(images, asked[0] if len(asked) == 1 else asked, name=name)
    if weights is not None:
        _load(model, weights)
    return model


def _pool(x):
    """Max-pool 3 x 3 of stride 2 whose last window may reach over the edge, as the authors'."""
    extra = [None if side is None else (side - 3) % 2 for side in x.shape[1:3]]
    if any(side is None or side for side in extra):
        # Of values that are not negative, behind a ReLU, zeros are never the larger.
        x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    return layers.MaxPooling2D(3, 2)(x)


def _load(model, weights):
    if not isinstance(weights, str | pathlib.Path):
        raise UserInputError(f"The weights must be the path of an npz file, not {weights!r}.")
    path = pathlib.Path(weights)
    if not path.is_file():
        raise UserInputError(f"There is no weights file {str(path)!r}.")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise RunFailure(f"{str(path)!r} is no readable npz file: {error}") from error
    for layer in model.layers:
        if not layer.weights:
            continue
        values = [arrays.get(f"{layer.name}_{part}") for part in ("kernel", "bias")]
        found = [None if value is None else value.shape for value in values]
        expected = [tuple(weight.shape) for weight in layer.weights]
        if found != expected:
            raise UserInputError(
                f"{str(path)!r} has {layer.name}_kernel and {layer.name}_bias of shapes {found}; "
                f"SqueezeNet 1.0 needs {expected}."
            )
        layer.set_weights(values)
