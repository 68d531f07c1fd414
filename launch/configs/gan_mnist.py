"""GAN of fully connected networks on MNIST digits, 28 x 28, with Adam.

Not the 2014 paper's recipe (maxout, SGD with momentum) but the usual one since DCGAN: Adam 2e-4,
beta_1 0.5, leaky ReLU in the discriminator, tanh output.

Command:
  python -m launch.train --config=launch/configs/gan_mnist.py --workdir=runs/gan_mnist \\
      --config.data.source=npz:mnist_60k.npz

The digits are an .npz file with `x` uint8 [60000, 28, 28]; its default place is the folder that
the environment variable TFGAN_DATA names, else `data`.

Cost: 2,224 s on 2 CPU cores beside other work (1,000 to 1,900 images/s), 0.8 GB.

Expected: all ten digits, most of them readable, with the specks that fully connected layers leave;
a Parzen-window log-likelihood of 109 (`python -m benchmarks.parzen --workdir=runs/gan_mnist`). At
250,000 images there are strokes only, at 1,000,000 half of the samples are digits.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {"name": "gan", "preset": "modern_mnist", "loss": "non_saturating"}
    # As in the paper: 50,000 digits to learn from, 10,000 held out to measure with.
    config.data = {"source": f"npz:{FOLDER}/mnist_60k.npz", "test_fraction": 1 / 6}
    config.batch_size = 128
    config.images = 2_000_000
    config.log_every = 50_000
    config.sample_every = 250_000
    config.checkpoint_every = 100_000
    return config
