"""Class-conditional networks: how the class comes in is what the conditional GANs differ in."""

import math

import keras
from keras import layers

from tfgan_suite.layers import (
    Dropout,
    GhostBatchNormalization,
    Maxout,
    OneHot,
    SpectralNormalization,
)
from tfgan_suite.networks.image_size import num_doublings
from tfgan_suite.networks.initializers import normal_gain, normal_kernel


def mlp_pair(sample_shape, num_classes, latent_size=100, dropout=0.0):
    """The MNIST networks of [Mirza and Osindero, 2014](https://arxiv.org/abs/1411.1784).

    | generator | |
    |---|---|
    | latents to dense, ReLU; one-hot class to dense, ReLU | 200 and 1000 |
    | both together to dense, ReLU | 1200 |
    | dense, sigmoid, rescaled to [-1, 1] | 784 |

    | discriminator | |
    |---|---|
    | image in [0, 1] to maxout of 5 pieces; one-hot class to maxout of 5 pieces | 240 and 50 |
    | both together to maxout of 4 pieces | 240 |
    | dense | 1 |

    2,413,984 and 1,224,351 parameters for 28 x 28 pixels and 10 classes.

    Args:
        sample_shape: tuple of ints.
        num_classes: int.
        latent_size: int.
        dropout: float in [0, 1). Share of the hidden layers' outputs that training drops.

    Returns:
        Generator from `[latents, class_id]` to samples in [-1, 1], and discriminator from
        `[samples, class_id]` to logits `[B, 1]`.
    """

    def dropped(x, name):
        return Dropout(dropout, name=name)(x) if dropout else x

    latents = keras.Input((latent_size,), name="latents")
    class_id = keras.Input((), dtype="int32", name="class_id")
    y = OneHot(num_classes, name="one_hot")(class_id)
    z = layers.Dense(200, activation="relu", name="from_latents")(latents)
    y = layers.Dense(1000, activation="relu", name="from_class")(y)
    x = dropped(layers.Concatenate(name="both")([z, y]), "dropout_0")
    x = dropped(layers.Dense(1200, activation="relu", name="hidden")(x), "dropout_1")
    x = layers.Dense(math.prod(sample_shape), activation="sigmoid", name="output")(x)
    x = layers.Reshape(tuple(sample_shape), name="reshape")(x)
    samples = layers.Rescaling(2.0, -1.0, dtype="float32", name="to_signed_range")(x)
    generator = keras.Model([latents, class_id], samples, name="cgan_mlp_generator")

    samples = keras.Input(tuple(sample_shape), name="samples")
    class_id = keras.Input((), dtype="int32", name="class_id")
    x = layers.Rescaling(0.5, 0.5, name="to_unit_range")(samples)
    x = Maxout(240, pieces=5, name="from_samples")(layers.Flatten(name="flatten")(x))
    y = Maxout(50, pieces=5, name="from_class")(OneHot(num_classes, name="one_hot")(class_id))
    x = dropped(layers.Concatenate(name="both")([x, y]), "dropout_0")
    x = dropped(Maxout(240, pieces=4, name="hidden")(x), "dropout_1")
    logits = layers.Dense(1, dtype="float32", name="logits")(x)
    return generator, keras.Model([samples, class_id], logits, name="cgan_mlp_discriminator")


def convolutional_generator(
    image_size,
    channels,
    num_classes,
    latent_size=100,
    filters=64,
    base_size=4,
    condition="concatenation",
    batch_norm_group_size=None,
):
    """A class-conditional DCGAN generator.

    Args:
        image_size: int. `base_size` doubled one to five times.
        channels: int.
        num_classes: int.
        latent_size: int.
        filters: int. Channels of the last hidden stage; each earlier stage has twice as many.
        base_size: int. Side of the first stage.
        condition: `"concatenation"`: the one-hot class beside the latents and, as constant maps,
            beside each stage, as in the DCGAN authors' MNIST code; or `"batch_norm"`: gain and bias
            of each batch norm by class.
        batch_norm_group_size: int or None. `group_size` of `GhostBatchNormalization`.

    Returns:
        `keras.Model` from `[latents, class_id]` to images in [-1, 1].
    """
    doublings = num_doublings(image_size, base_size)
    by_norm = condition == "batch_norm"
    latents = keras.Input((latent_size,), name="latents")
    class_id = keras.Input((), dtype="int32", name="class_id")
    one_hot = OneHot(num_classes, name="one_hot")(class_id)

    def normalised(x, size):
        x = GhostBatchNormalization(
            batch_norm_group_size,
            center=not by_norm,
            scale=not by_norm,
            **({} if by_norm else {"gamma_initializer": normal_gain()}),
            name=f"norm_{size}",
        )(x)
        if by_norm:
            x = layers.Multiply(name=f"scaled_{size}")(
                [x, _by_class(class_id, num_classes, x.shape[-1], "ones", f"gain_{size}")]
            )
            x = layers.Add(name=f"shifted_{size}")(
                [x, _by_class(class_id, num_classes, x.shape[-1], "zeros", f"bias_{size}")]
            )
        x = layers.ReLU(name=f"relu_{size}")(x)
        return x if by_norm else _with_class(x, one_hot, size)

    width = filters * 2 ** (doublings - 1)
    x = latents if by_norm else layers.Concatenate(name="latents_and_class")([latents, one_hot])
    x = layers.Dense(
        base_size * base_size * width,
        use_bias=False,
        kernel_initializer=normal_kernel(),
        name="projection",
    )(x)
    x = normalised(layers.Reshape((base_size, base_size, width), name="base")(x), base_size)
    for doubling in range(1, doublings):
        size, width = base_size * 2**doubling, width // 2
        x = normalised(_transposed(x, width, size, use_bias=False), size)
    x = _transposed(x, channels, image_size, use_bias=True)
    images = layers.Activation("tanh", dtype="float32", name="images")(x)
    return keras.Model([latents, class_id], images, name="cgan_generator")


def convolutional_discriminator(
    image_size,
    channels,
    num_classes,
    filters=64,
    base_size=4,
    condition="concatenation",
    spectral_norm=True,
    batch_norm_group_size=None,
):
    """A DCGAN discriminator that is conditioned on the class, or classifies.

    Args:
        image_size, channels, num_classes, filters, base_size, batch_norm_group_size: as for
            `convolutional_generator`.
        condition: `"concatenation"`: the one-hot class as constant maps beside the image and each
            stage. `"projection"`: two more convolutions, and the inner product of the class' vector
            and the features, which are summed over all positions, is added to the logit
            ([Miyato and Koyama, 2018](https://arxiv.org/abs/1802.05637)). `"auxiliary"`: no class
            comes in; a second head tells it ([Odena et al., 2017](https://arxiv.org/abs/1610.09585)).
        spectral_norm: bool. For `"projection"`: all weights, the class vectors too, have the
            spectral norm 1, and there is no batch norm.

    Returns:
        `keras.Model` from `[images, class_id]` to logits `[B, 1]`; for `"auxiliary"` from images to
        `[logits [B, 1], class logits [B, num_classes]]`.
    """
    halvings = num_doublings(image_size, base_size)
    images = keras.Input((image_size, image_size, channels), name="images")
    class_id = keras.Input((), dtype="int32", name="class_id")
    projects = condition == "projection"
    concatenates = condition == "concatenation"

    def limited(layer):
        if not (projects and spectral_norm):
            return layer
        return SpectralNormalization(layer, name=f"{layer.name}_spectral", dtype=layer.dtype_policy)

    one_hot = OneHot(num_classes, name="one_hot")(class_id) if concatenates else None
    x = _with_class(images, one_hot, image_size) if concatenates else images
    for halving in range(1, halvings + 1):
        size = image_size // 2**halving
        bare = projects and spectral_norm
        x = limited(
            layers.Conv2D(
                filters * 2 ** (halving - 1),
                4,
                strides=2,
                padding="same",
                use_bias=bare or halving == 1,
                kernel_initializer="glorot_uniform" if bare else normal_kernel(),
                name=f"convolution_{size}",
            )
        )(x)
        if halving > 1 and not bare:
            x = GhostBatchNormalization(
                batch_norm_group_size, gamma_initializer=normal_gain(), name=f"norm_{size}"
            )(x)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"leaky_relu_{size}")(x)
        if concatenates:
            x = _with_class(x, one_hot, size)
    if projects:
        # A sum over positions sees no more than each of them: let each see the whole.
        for i in range(2):
            x = limited(
                layers.Conv2D(x.shape[-1], 3, padding="same", name=f"convolution_{base_size}_{i}")
            )(x)
            x = layers.LeakyReLU(negative_slope=0.2, name=f"leaky_relu_{base_size}_{i}")(x)
        # A sum, not a mean: it sets the scale of the inner product.
        x = layers.GlobalAveragePooling2D(name="pooled")(x)
        x = layers.Rescaling(float(base_size * base_size), dtype="float32", name="features")(x)
    else:
        x = layers.Flatten(name="features")(x)
    logits = limited(layers.Dense(1, dtype="float32", name="logits"))(x)
    if condition == "auxiliary":
        classes = layers.Dense(num_classes, dtype="float32", name="class_logits")(x)
        return keras.Model(images, [logits, classes], name="cgan_discriminator")
    if projects:
        vectors = limited(
            layers.Embedding(
                num_classes,
                x.shape[-1],
                embeddings_initializer="glorot_uniform",
                dtype="float32",
                name="class_vectors",
            )
        )(class_id)
        product = layers.Dot(axes=1, dtype="float32", name="projection")([vectors, x])
        logits = layers.Add(dtype="float32", name="projected_logits")([logits, product])
    return keras.Model([images, class_id], logits, name="cgan_discriminator")


def _transposed(x, filters, size, use_bias):
    return layers.Conv2DTranspose(
        filters,
        4,
        strides=2,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=normal_kernel(),
        name=f"transposed_convolution_{size}",
    )(x)


def _with_class(x, one_hot, size):
    """Puts the class beside the channels, the same at each position."""
    num_classes = one_hot.shape[-1]
    maps = layers.Reshape((1, 1, num_classes), name=f"class_{size}")(one_hot)
    maps = layers.UpSampling2D((x.shape[1], x.shape[2]), name=f"class_maps_{size}")(maps)
    return layers.Concatenate(name=f"with_class_{size}")([x, maps])


def _by_class(class_id, num_classes, width, initializer, name):
    numbers = layers.Embedding(num_classes, width, embeddings_initializer=initializer, name=name)(
        class_id
    )
    return layers.Reshape((1, 1, width), name=f"{name}_maps")(numbers)
