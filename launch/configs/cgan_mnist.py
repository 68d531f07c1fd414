"""Conditional GAN on MNIST digits, 28 x 28, whose discriminator also tells the class (ACGAN).

Convolutions, the class beside the generator's latents and stages, Adam 2e-4 with beta_1 0.5.
`--config.model.preset=projection_mnist` trains with a projection discriminator instead.

Command:
  python -m launch.train --config=launch/configs/cgan_mnist.py --workdir=runs/cgan_mnist \\
      --config.data.source=npz:mnist_60k.npz

The digits are an .npz file with `x` uint8 [60000, 28, 28] and `y`; its default place is the folder
that the environment variable TFGAN_DATA names, else `data`.

Cost: 2,127 s on 2 CPU cores beside much other work, 0.8 GB.

Expected: a row per class, each of its own digit: a classifier takes 99 % of the samples for the
class asked for. At 100,000 images the classes are there, the digits still rough.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {"name": "cgan", "preset": "auxiliary_mnist", "ema_half_life": 10_000.0}
    # 50,000 digits to learn from, 10,000 held out to measure with.
    config.data = {"source": f"npz:{FOLDER}/mnist_60k.npz", "test_fraction": 1 / 6}
    config.batch_size = 64
    config.images = 600_000
    config.log_every = 10_000
    config.sample_every = 100_000
    config.checkpoint_every = 25_000
    config.num_samples = 100
    return config
