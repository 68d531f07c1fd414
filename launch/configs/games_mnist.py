"""Three games on the same residual networks without normalisation, on MNIST digits.

R3GAN's networks, narrow, and three losses at equal rates and images: relativistic pairs with R1 and
R2 (R3GAN's game), non-saturating with R1, hinge with R1; gamma 0.5 for each penalty.

Command:
  python -m launch.train --config=launch/configs/games_mnist.py --workdir=runs/games_relativistic \\
      --config.data.source=npz:mnist_60k.npz

`--config=launch/configs/games_mnist.py:non_saturating` and `:hinge` are the others. The digits are
an .npz file with `x` uint8 [60000, 28, 28]; its default place is the folder that the environment
variable TFGAN_DATA names, else `data`.

Cost: not measured: this config has not been run yet.

Expected: not known yet.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")
R2 = {"relativistic": 0.5, "non_saturating": 0.0, "hinge": 0.0}


def get_config(loss="relativistic"):
    config = default_config()
    config.model = {
        "name": "gan",
        "networks": {
            "name": "residual",
            "image_size": 28,
            "base_size": 7,
            "channels": 1,
            "filters": 16,
            "max_filters": 32,
            "num_blocks": 1,
        },
        "loss": loss,
        "r1": 0.5,
        "r2": R2[loss],
        "ema_half_life": 5_000.0,
    }
    config.optimizers = {
        player: {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.0, "beta_2": 0.99}
        for player in ("discriminator", "generator")
    }
    # The last 10,000 digits are held out.
    config.data = {"source": f"npz:{FOLDER}/mnist_60k.npz", "test_last": 10_000}
    config.batch_size = 64
    config.images = 50_048
    config.log_every = 3_200
    config.sample_every = 25_024
    config.checkpoint_every = 25_024
    return config
