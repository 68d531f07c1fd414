"""VGG19, the classifier whose hidden layers most perceptual losses look through."""

import keras
import numpy as np
from keras import layers

from tfgan_suite.errors import UserInputError, closest_name

_CHANNEL_MEANS = (103.939, 116.779, 123.68)  # blue, green, red
_BLOCKS = {1: (2, 64), 2: (2, 128), 3: (4, 256), 4: (4, 512), 5: (4, 512)}  # layers, filters
#: Layers that `vgg19` can give as its output.
LAYERS = tuple(f"block{b}_conv{c}" for b, (n, _) in _BLOCKS.items() for c in range(1, n + 1))


def vgg19(weights=None, output="block5_conv4", activated=True, image_size=None, name="vgg19"):
    """Gives hidden features of VGG19, from images as this package has them.

    From [Simonyan and Zisserman, 2015](https://arxiv.org/abs/1409.1556). `block2_conv2` is the
    phi_2,2 of SRGAN, `block5_conv4` its phi_5,4. Images are brought to what the weights were
    trained on: 0 to 255, blue before green before red, minus the means of ImageNet.

    Args:
        weights: what `keras.applications.VGG19` takes: a path of its file without the dense layers
            (`vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5`), or `"imagenet"`, which downloads
            it. None: random weights.
        output: str, one of `LAYERS`. What lies behind it is left out.
        activated: bool. False: the output is in front of its ReLU, as in ESRGAN.
        image_size: int or None, for any size.
        name: str, name of the model.

    Returns:
        `keras.Model` from RGB images `[batch, height, width, 3]` in [-1, 1] to features
        `[batch, h, w, filters]`.

    Raises:
        UserInputError: an unknown output, or weights that cannot be loaded.

    Example:

    >>> vgg19(output="block2_conv2", image_size=96).output_shape
    (None, 48, 48, 128)
    """
    if output not in LAYERS:
        raise UserInputError(
            f"VGG19 has no layer {output!r}.{closest_name(str(output), LAYERS)} "
            f"Expected one of {', '.join(LAYERS)}."
        )
    images = keras.Input((image_size, image_size, 3), name="images")
    x = (keras.ops.flip(images, axis=-1) + 1.0) * 127.5 - np.array(_CHANNEL_MEANS, np.float32)
    for layer in LAYERS[: LAYERS.index(output) + 1]:
        block, number = layer.removeprefix("block").split("_conv")
        if number == "1" and block != "1":
            x = layers.MaxPooling2D(2, name=f"block{int(block) - 1}_pool")(x)
        x = layers.Conv2D(_BLOCKS[int(block)][1], 3, padding="same", name=layer)(x)
        if activated or layer != output:
            x = layers.ReLU(name=f"{layer}_relu")(x)
    model = keras.Model(images, x, name=name)
    if weights is not None:
        _load(model, weights)
    return model


def _load(model, weights):
    try:
        source = keras.applications.VGG19(include_top=False, weights=str(weights))
    except Exception as error:  # a download or a file can fail in any way
        raise UserInputError(
            f"The weights {str(weights)!r} of VGG19 cannot be loaded: {error} Expected 'imagenet' "
            "or the file vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5 of keras.applications."
        ) from error
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(source.get_layer(layer.name).get_weights())
