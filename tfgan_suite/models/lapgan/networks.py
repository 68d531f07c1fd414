"""The networks of LAPGAN: of the coarsest images, and of the details that a size adds.

Every network takes a list: first what it is about (latents or noise; images or details), then what
it is given (the enlarged coarser images, the class), as far as there is such a thing.
"""

import keras
from keras import layers

from tfgan_suite.layers import Dropout, OneHot

JOINS = ("add", "concatenate")


def coarse_generator(size, channels, num_classes, latent_size, units):
    """The generator of the coarsest images: dense layers.

    | layer | units |
    |---|---|
    | latents, one-hot class: dense, ReLU | `units[0]` |
    | dense, sigmoid | `units[1]` |
    | dense, linear | size x size x channels |

    Args:
        size, channels: int. Of the images.
        num_classes: int; 0 for none.
        latent_size: int.
        units: two ints.

    Returns:
        `keras.Model` from `[latents]` or `[latents, class_id]` to `[B, size, size, channels]`.
    """
    latents = keras.Input((latent_size,), name="latents")
    class_id, one_hot = _class_input(num_classes)
    x = layers.Concatenate(name="with_class")([latents, *one_hot]) if one_hot else latents
    x = _dense(x, units[0], 0.05, 100, "relu", "hidden_0")
    x = _dense(x, units[1], 0.05, 8000, "sigmoid", "hidden_1")
    x = _dense(x, size * size * channels, 0.05, 8000, None, "pixels", dtype="float32")
    images = layers.Reshape((size, size, channels), dtype="float32", name="images")(x)
    return keras.Model([latents, *class_id], images, name=f"lapgan_generator_{size}")


def coarse_discriminator(size, channels, num_classes, units, dropout):
    """The discriminator of the coarsest images: dense layers with ReLU and dropout.

    Args:
        size, channels, num_classes: see `coarse_generator`.
        units: two ints.
        dropout: float in [0, 1).

    Returns:
        `keras.Model` from `[images]` or `[images, class_id]` to logits `[B, 1]`.
    """
    images = keras.Input((size, size, channels), name="images")
    class_id, one_hot = _class_input(num_classes)
    x = layers.Flatten(name="flatten")(images)
    x = layers.Concatenate(name="with_class")([x, *one_hot]) if one_hot else x
    for i, width in enumerate(units):
        x = _dense(x, width, 0.005, (192, 1600)[i], "relu", f"hidden_{i}")
        x = Dropout(dropout, name=f"dropout_{i}")(x)
    logits = _dense(x, 1, 0.005, 1600, None, "logits", dtype="float32")
    return keras.Model([images, *class_id], logits, name=f"lapgan_discriminator_{size}")


def detail_generator(size, channels, num_classes, filters):
    """The generator of what a size adds to the enlarged coarser images.

    | layer | maps |
    |---|---|
    | noise plane, enlarged coarser images, plane of the class: 7 x 7, ReLU | `filters` |
    | 7 x 7, ReLU | `filters` |
    | 5 x 5, linear | `channels` |

    218,179 parameters for 64 maps, three channels and no classes.

    Args:
        size, channels, num_classes: see `coarse_generator`.
        filters: int.

    Returns:
        `keras.Model` from `[noise, coarse]` or `[noise, coarse, class_id]` to details
        `[B, size, size, channels]`; `noise` is `[B, size, size, 1]`.
    """
    noise = keras.Input((size, size, 1), name="noise")
    coarse = keras.Input((size, size, channels), name="coarse")
    class_id, one_hot = _class_input(num_classes)
    planes = _class_planes(one_hot, size)
    x = layers.Concatenate(name="together")([noise, coarse, *planes])
    for i in range(2):
        x = layers.Conv2D(filters, 7, padding="same", activation="relu", name=f"conv_{i}")(x)
    details = layers.Conv2D(channels, 5, padding="same", dtype="float32", name="details")(x)
    return keras.Model([noise, coarse, *class_id], details, name=f"lapgan_generator_{size}")


def detail_discriminator(size, channels, num_classes, filters, join, dropout):
    """The discriminator of details beside the enlarged coarser images.

    | layer | maps |
    |---|---|
    | details and coarser images, added or concatenated; plane of the class: 5 x 5, ReLU | filters |
    | 5 x 5, stride 2, ReLU, dropout | filters |
    | dense | 1 |

    Without padding. 107,905 parameters for 64 maps, 14 pixels and three channels that are added;
    113,729 for 28 and 116,545 for 32 pixels.

    Args:
        size, channels, num_classes, filters: see `detail_generator`.
        join: `"add"`, so that it sees the sharpened images alone, or `"concatenate"`.
        dropout: float in [0, 1).

    Returns:
        `keras.Model` from `[details, coarse]` or `[details, coarse, class_id]` to logits `[B, 1]`.
    """
    details = keras.Input((size, size, channels), name="details")
    coarse = keras.Input((size, size, channels), name="coarse")
    class_id, one_hot = _class_input(num_classes)
    planes = _class_planes(one_hot, size)
    if join == "add":
        x = layers.Add(name="sharpened")([details, coarse])
        x = layers.Concatenate(name="together")([x, *planes]) if planes else x
    else:
        x = layers.Concatenate(name="together")([details, coarse, *planes])
    x = layers.Conv2D(filters, 5, activation="relu", name="conv_0")(x)
    x = layers.Conv2D(filters, 5, strides=2, activation="relu", name="conv_1")(x)
    x = layers.Flatten(name="flatten")(Dropout(dropout, name="dropout")(x))
    logits = layers.Dense(1, dtype="float32", name="logits")(x)
    return keras.Model([details, coarse, *class_id], logits, name=f"lapgan_discriminator_{size}")


def _dense(x, units, deviation, inputs, activation, name, dtype=None):
    """A dense layer whose weights begin with a deviation that the authors have for `inputs` units.

    With fewer units the deviation is larger, so that sums vary as much: of few units with the
    authors' deviation, images begin nearly alike whatever the latents.
    """
    kernel = keras.initializers.RandomNormal(stddev=deviation * (inputs / x.shape[-1]) ** 0.5)
    dense = layers.Dense(
        units, activation=activation, kernel_initializer=kernel, name=name, dtype=dtype
    )
    return dense(x)


def _class_input(num_classes):
    """Returns the inputs for the class, one or none, and its one-hot vectors."""
    if not num_classes:
        return [], []
    class_id = keras.Input((), dtype="int32", name="class_id")
    return [class_id], [OneHot(num_classes, name="one_hot")(class_id)]


def _class_planes(one_hot, size):
    """Returns a map that is a linear function of the class, or none."""
    return [
        layers.Reshape((size, size, 1), name="plane")(layers.Dense(size * size, name="on_plane")(y))
        for y in one_hot
    ]
