"""E-GAN on MNIST digits, 28 x 28, with the networks of `dcgan_mnist.py`.

Three mutations, one survivor, gamma of the authors' CIFAR-10 script; Adam 2e-4 with beta_1 0.5.

Command:
  python -m launch.train --config=launch/configs/egan_mnist.py --workdir=runs/egan_mnist \\
      --config.data.source=npz:mnist_60k.npz

The digits are an .npz file with `x` uint8 [60000, 28, 28]; its default place is the folder that
the environment variable TFGAN_DATA names, else `data`.

Cost: a run beside much other work was stopped at 51,456 images, after about 15 minutes of one CPU
core.

Expected: after 50,000 images several samples are legible digits, most are not yet. `survived/...`
in metrics.jsonl says which mutation's child survived.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {
        "name": "egan",
        "ema_half_life": 10_000.0,
        "networks": {
            "name": "dcgan",
            "image_size": 28,
            "base_size": 7,
            "channels": 1,
            "filters": 32,
        },
    }
    config.data = {"source": f"npz:{FOLDER}/mnist_60k.npz", "test_fraction": 1 / 6}
    config.batch_size = 64
    config.images = 100_000
    config.log_every = 5_000
    config.sample_every = 25_000
    config.checkpoint_every = 10_000
    return config
