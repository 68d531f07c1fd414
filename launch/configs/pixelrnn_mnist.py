"""Pixel networks on binarised MNIST digits, 28 x 28: the likelihood of digits held out.

`--config=launch/configs/pixelrnn_mnist.py:gated` trains another kind: `pixelcnn`, `row_lstm`,
`diagonal_bilstm` or `gated`. Pixels are white with the probability that their grey level says,
drawn anew in each epoch. h = 16 and 7 layers, of the LSTMs 3 and 2; Adam, where the paper has
RMSprop.

Command:
  python -m launch.train --config=launch/configs/pixelrnn_mnist.py --workdir=runs/pixelrnn_mnist \\
      --config.data.source=npz:mnist_60k.npz

The digits are an .npz file with `x` uint8 [60000, 28, 28]; its default place is the folder that the
environment variable TFGAN_DATA names, else `data`. The last 5,000 are held out:
`python -m benchmarks.pixelrnn_likelihood --workdir=runs/pixelrnn_mnist` measures them.

Cost: 861 s of training (pixelcnn), 978 s (gated), 684 s (row_lstm), 577 s (diagonal_bilstm) on a
part of one CPU core beside much other work, 0.8 GB.

Expected: about 93 nats of a held-out digit for pixelcnn and 95 for diagonal_bilstm, less with more
images: models/pixelrnn/README.md has the curves. Samples are strokes, many of them digits.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")
#: Layers and images of each kind: what 15 minutes of a busy CPU core were enough for.
SIZES = {
    "pixelcnn": (7, 100_000),
    "gated": (7, 60_000),
    "row_lstm": (3, 40_000),
    "diagonal_bilstm": (2, 20_000),
}


def get_config(kind="pixelcnn"):
    config = default_config()
    blocks, images = SIZES.get(kind, (7, 100_000))
    config.model = {"name": "pixelrnn", "preset": "small_mnist", "kind": kind, "blocks": blocks}
    config.data = {"source": f"npz:{FOLDER}/mnist_60k.npz", "test_last": 5_000}
    config.optimizers.network = {
        "name": "adam",
        "learning_rate": {
            "name": "constant_then_linear",
            "learning_rate": 2e-3,
            "constant_images": images // 2,
            "decay_images": images // 2,
        },
    }
    config.batch_size = 32
    config.images = images
    config.log_every = 2_000
    config.sample_every = 20_000
    config.checkpoint_every = images // 5
    config.keep_checkpoints = 5
    return config
