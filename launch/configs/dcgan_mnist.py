"""DCGAN on MNIST digits, native 28 x 28, one channel.

The paper's rules and recipe (Adam 2e-4, beta_1 0.5; batch norm in both networks; N(0, 0.02)
weights) with a quarter of its filters, which is plenty for digits. The smallest stage is 7 x 7, so
that two doublings give 28.

Command:
  python -m launch.train --config=launch/configs/dcgan_mnist.py --workdir=runs/dcgan_mnist \\
      --config.data.source=npz:mnist_60k.npz

The digits are an .npz file with `x` uint8 [60000, 28, 28]; its default place is the folder that
the environment variable TFGAN_DATA names, else `data`.

Cost: 300,032 images took 648 s on one CPU core beside other work, 0.9 GB.

Expected: most samples are digits, about one in four is not.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {
        "name": "dcgan",
        "image_size": 28,
        "base_size": 7,
        "channels": 1,
        "filters": 32,
        "ema_half_life": 10_000.0,
    }
    config.data = {"source": f"npz:{FOLDER}/mnist_60k.npz"}
    config.batch_size = 64
    config.images = 300_000
    config.log_every = 10_000
    config.sample_every = 50_000
    config.checkpoint_every = 50_000
    return config
