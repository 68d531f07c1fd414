"""Networks from images to the logits of their pixels."""

import keras

from tfgan_suite.layers import OneHot
from tfgan_suite.models.pixelrnn import layers

#: The layers between the first one and the head, by kind of network.
BLOCKS = {
    "pixelcnn": layers.ResidualBlock,
    "row_lstm": layers.RowLSTM,
    "diagonal_bilstm": layers.DiagonalBiLSTM,
    "gated": layers.GatedLayer,
}


def pixel_network(kind, image_shape, num_levels, hidden_size, blocks, num_classes=0):
    """Returns a network from images in [-1, 1] to logits.

    Args:
        kind: a key of `BLOCKS`.
        image_shape: (height, width, colours).
        num_levels: int. 2: one logit a value; else a logit for each level.
        hidden_size: int, `h` of the paper.
        blocks: int.
        num_classes: int. Where there are classes, the inputs are `[images, class_id]`.

    Returns:
        A functional model; logits are float32 `[B, H, W, C]`, or `[B, H, W, C, num_levels]`.
    """
    image = keras.Input(image_shape, name="image")
    inputs, condition = image, {}
    if num_classes:
        class_id = keras.Input((), dtype="int32", name="class_id")
        inputs = [image, class_id]
        condition = {"condition": OneHot(num_classes, name="one_hot")(class_id)}
    colours = image_shape[-1]
    shared = {"hidden_size": hidden_size, "colours": colours, "num_classes": num_classes}
    if kind == "gated":
        first = layers.GatedLayer(**shared, is_first=True, name="first")
    else:
        first = layers.FirstConvolution(**shared, name="first")
    x = first(image, **condition)
    for i in range(blocks):
        x = BLOCKS[kind](**shared, name=f"block_{i + 1}")(x, **condition)
    if kind == "gated":
        _, x = x  # the horizontal stack has seen the vertical one
    outputs = 1 if num_levels == 2 else num_levels
    # float32 under every precision: what leaves a network feeds losses and files.
    x = layers.Head(hidden_size, colours, outputs=outputs, name="head", dtype="float32")(x)
    if num_levels > 2:
        x = keras.layers.Reshape((*image_shape, outputs), dtype="float32", name="levels")(x)
    return keras.Model(inputs, x, name=kind)
