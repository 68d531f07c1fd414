"""Parts of networks that are shown the embedding of a text beside an image.

They are those of [Reed et al., 2016](https://arxiv.org/abs/1605.05396) and its authors' code, which
[StackGAN](https://arxiv.org/abs/1612.03242) took over.
"""

from keras import layers

from tfgan_suite.layers import GhostBatchNormalization
from tfgan_suite.networks.initializers import normal_gain, normal_kernel

BASE_SIZE = 4
"""Side of the smallest features, where text and image meet."""


def leaky_relu(name):
    """Returns a LeakyReLU of slope 0.2."""
    return layers.LeakyReLU(negative_slope=0.2, name=name)


def norm(x, group_size, name):
    """Returns `x` through a batch norm with the gains of DCGAN."""
    return GhostBatchNormalization(group_size, gamma_initializer=normal_gain(), name=name)(x)


def convolution(x, width, kernel, strides, name, use_bias=False):
    """Returns `x` through a convolution with the kernel of DCGAN."""
    return layers.Conv2D(
        width,
        kernel,
        strides=strides,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=normal_kernel(),
        name=name,
    )(x)


def bottleneck(x, inner, group_size, activation, size):
    """Adds what three convolutions make of `x`; the sum has no activation yet.

    Args:
        x: `[B, size, size, C]`.
        inner: int. Channels of the first two convolutions, of 1 x 1 and 3 x 3.
        group_size: see `GhostBatchNormalization`.
        activation: function from a name to the layer behind these two.
        size: int. For the names of the layers.
    """
    y = x
    for i, (width, kernel) in enumerate([(inner, 1), (inner, 3), (x.shape[-1], 3)]):
        y = convolution(y, width, kernel, 1, f"bottleneck_{size}_{i}")
        y = norm(y, group_size, f"bottleneck_norm_{size}_{i}")
        if i < 2:
            y = activation(name=f"bottleneck_activation_{size}_{i}")(y)
    return layers.Add(name=f"bottleneck_{size}")([x, y])


def projected(x, width):
    """Returns what vectors are at the smallest size, `[B, 4 * 4 * width]`, not yet laid out."""
    return layers.Dense(
        BASE_SIZE * BASE_SIZE * width,
        use_bias=False,
        kernel_initializer=normal_kernel(),
        name="projection",
    )(x)


def grown_to_images(x, doublings, channels, enlarged, bottlenecks, group_size):
    """Returns images in [-1, 1] that a base of features grows to.

    Args:
        x: `[B, 4, 4, C]`, normalised. Each doubling but the last halves the channels.
        doublings: int.
        channels: int. Of the images.
        enlarged: function `(x, width, size, use_bias)` that doubles `x` to `[B, size, size, width]`
            by a convolution of some kind.
        bottlenecks: bool. Whether the first two sizes have one.
        group_size: see `GhostBatchNormalization`.
    """
    width = x.shape[-1]
    for stage in range(doublings):
        size = BASE_SIZE * 2**stage
        if stage:
            width //= 2
            x = enlarged(x, width, size, use_bias=False)
            x = norm(x, group_size, f"norm_{size}")
        if bottlenecks and stage < 2:
            x = bottleneck(x, max(1, width // 4), group_size, layers.ReLU, size)
        x = layers.ReLU(name=f"relu_{size}")(x)
    x = enlarged(x, channels, BASE_SIZE * 2**doublings, use_bias=True)
    return layers.Activation("tanh", dtype="float32", name="images")(x)


def image_features(images, halvings, filters, bottlenecks, num_linear, group_size, widest=None):
    """Returns the features `[B, 4, 4, C]` of images, by convolutions 4 x 4 of stride 2.

    Args:
        images: `[B, S, S, channels]`.
        halvings: int. How often S is halved to 4.
        filters: int. Channels of the first convolution; each later one has twice as many.
        bottlenecks: bool. Whether the last features have one.
        num_linear: int. The last convolutions that have no LeakyReLU of their own; that of the
            features follows all of them.
        group_size: see `GhostBatchNormalization`.
        widest: int or None. Channels to which convolutions of 1 x 1 bring more, half by half.
    """
    steps = [(filters * 2**i, 4, 2, f"{images.shape[1] // 2 ** (i + 1)}") for i in range(halvings)]
    width = steps[-1][0]
    while widest is not None and width > widest:
        width //= 2
        steps.append((width, 1, 1, f"{BASE_SIZE}_by_{width}"))
    x = images
    for i, (width, kernel, strides, name) in enumerate(steps):
        x = convolution(x, width, kernel, strides, f"convolution_{name}", use_bias=i == 0)
        if i:
            x = norm(x, group_size, f"norm_{name}")
        if i < len(steps) - num_linear:
            x = leaky_relu(f"leaky_relu_{name}")(x)
    if bottlenecks:
        x = bottleneck(x, max(1, width // 4), group_size, leaky_relu, BASE_SIZE)
    return leaky_relu("features")(x)


def compressed_text(embedding, text_size, text_norm, group_size):
    """Returns `[B, text_size]` of an embedding: dense, batch norm if `text_norm`, LeakyReLU 0.2."""
    text = layers.Dense(
        text_size, use_bias=not text_norm, kernel_initializer=normal_kernel(), name="text"
    )(embedding)
    if text_norm:
        text = norm(text, group_size, "norm_text")
    return leaky_relu("leaky_relu_text")(text)


def judged_with_text(x, embedding, text_size, text_norm, group_size):
    """Returns float32 logits `[B, 1]` of features of images and the embedding of a text.

    Args:
        x: `[B, 4, 4, C]`.
        embedding: `[B, size]`.
        text_size: int. What the embedding is brought to.
        text_norm: bool. Whether by a batch norm, too.
        group_size: see `GhostBatchNormalization`.
    """
    width = x.shape[-1]
    text = compressed_text(embedding, text_size, text_norm, group_size)
    x = layers.Concatenate(name="features_and_text")([x, at_each_position(text, BASE_SIZE)])
    x = convolution(x, width, 1, 1, "fusion")
    x = norm(x, group_size, "norm_fusion")
    x = leaky_relu("leaky_relu_fusion")(x)
    x = layers.Flatten(name="flat")(x)
    return layers.Dense(1, kernel_initializer=normal_kernel(), dtype="float32", name="logits")(x)


def at_each_position(text, size):
    """Returns vectors `[B, C]` at each of `size` x `size` positions: `[B, size, size, C]`."""
    repeated = layers.RepeatVector(size * size, name="text_repeated")(text)
    return layers.Reshape((size, size, text.shape[-1]), name="text_at_each_position")(repeated)
