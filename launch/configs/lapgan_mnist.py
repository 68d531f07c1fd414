"""LAPGAN on MNIST digits by class: 8 x 8, then 16 x 16, then 32 x 32 pixels.

The three games train side by side. Dense layers of 512 and 256 for the coarsest images, 16 maps for
details; Adam 5e-4 with beta_1 0.5 in place of the authors' SGD.

Command:
  python -m launch.train --config=launch/configs/lapgan_mnist.py --workdir=runs/lapgan_mnist \\
      --config.data.source=npz:mnist_60k.npz

The digits are an .npz file with `x` uint8 [60000, 28, 28] and `y`; its default place is the folder
that the environment variable TFGAN_DATA names, else `data`. They are scaled to 32 pixels.

`--config=launch/configs/lapgan_mnist.py:8-14-28` is the paper's pyramid; any rising sizes do.

Cost: 1,512 s for 48,000 images of 8-14-28 with --config.model.filters=8, on one thread beside much
other work; 950 s for 65,344 of 8-16-32 beside less.

Expected: strokes that follow class and latents from 32,000 images on; four of ten samples are read
as the class asked for at 48,672 images.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config(sizes="8-16-32"):
    sizes = [int(size) for size in sizes.split("-")]
    config = default_config()
    config.model = {
        "name": "lapgan",
        "preset": "small_32",
        "sizes": sizes,
        "filters": 16,
        "ema_half_life": 2_000.0,
    }
    config.optimizers = {
        f"{player}_{size}": {"name": "adam", "learning_rate": 5e-4, "beta_1": 0.5}
        for player in ("discriminator", "generator")
        for size in sizes
    }
    # The last 10,000 digits are held out.
    config.data = {"source": f"npz:{FOLDER}/mnist_60k.npz", "test_last": 10_000}
    config.batch_size = 32
    config.images = 100_000
    config.log_every = 3_200
    config.sample_every = 16_000
    config.checkpoint_every = 8_000
    config.num_samples = 100
    return config
