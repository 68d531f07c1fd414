"""The 2014 paper's GAN on MNIST digits, 28 x 28: maxout and dropout, SGD with momentum.

Networks, latents, batch and optimizers are those of the authors' code, but for two things: the
bias of G's output starts from zero, theirs from the data's marginals; and their momentum rises from
0.5 to 0.7 over 250 epochs, here it stays 0.5. 50,000 digits are learnt from and 10,000 held out.
They halve D's loss: for SGD the same as half of D's learning rate, as it is written here.

Command:
  python -m launch.train --config=launch/configs/gan_mnist_paper.py --workdir=runs/gan_paper \\
      --config.data.source=npz:mnist_60k.npz
  python -m benchmarks.parzen --workdir=runs/gan_paper

The digits are an .npz file with `x` uint8 [60000, 28, 28]; its default place is the folder that
the environment variable TFGAN_DATA names, else `data`.

Cost: 4,445 s on 2 CPU cores beside other work (300 to 1,700 images/s), 0.8 GB.

Expected: digits from 300,000 images on, at the end about three of four readable, too many ones; a
Parzen-window log-likelihood of 75 (`benchmarks.parzen`), still rising.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {"name": "gan", "preset": "paper_mnist", "loss": "non_saturating"}
    config.data = {"source": f"npz:{FOLDER}/mnist_60k.npz", "test_fraction": 1 / 6}
    config.batch_size = 100
    config.images = 1_500_000
    config.optimizers = {
        player: {
            "name": "sgd",
            "learning_rate": {
                "name": "exponential_to_floor",
                "learning_rate": 0.1 * share,
                "decay_rate": 1 / 1.000004,
                "decay_images": 100,
                "floor": 1e-6 * share,
            },
            "momentum": 0.5,
        }
        for player, share in (("generator", 1.0), ("discriminator", 0.5))
    }
    config.log_every = 10_000
    config.sample_every = 50_000
    config.checkpoint_every = 50_000
    return config
