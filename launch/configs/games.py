"""Three games on the same residual networks without normalisation, on MNIST digits and on emoji.

R3GAN's networks, narrow, and three losses at equal rates and images: relativistic pairs with R1 and
R2 (R3GAN's game), non-saturating with R1, hinge with R1; gamma 0.5 for each penalty.

Command:
  python -m launch.train --config=launch/configs/games.py --workdir=runs/games \\
      --config.data.source=npz:mnist_60k.npz

That is `games.py:mnist-relativistic`; the others are `mnist-non_saturating`, `mnist-hinge`, and the
three with `emoji`. The digits are an .npz file with `x` uint8 [60000, 28, 28]; the emoji are the
folder of progan_openmoji.py. Their default places are in the folder that the environment variable
TFGAN_DATA names, else in `data`.

Cost: 106 to 234 s for a game on digits, 82 to 231 s for one on emoji, on half a CPU core or more.

Expected: the beginning of a training: strokes and rings, of which few are digits; of emoji blurred
stains. On digits the relativistic game is nearest to held-out images, on emoji it is not.
"""

import os

from tfgan_suite.errors import UserInputError
from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")
R2 = {"relativistic": 0.5, "non_saturating": 0.0, "hinge": 0.0}
NETWORKS = {
    "mnist": {"image_size": 28, "base_size": 7, "channels": 1},
    "emoji": {"image_size": 32, "base_size": 4, "channels": 3},
}
# The last 10,000 digits are held out, and a tenth of the emoji.
DATA = {
    "mnist": {"source": f"npz:{FOLDER}/mnist_60k.npz", "test_last": 10_000},
    "emoji": {"source": f"folder:{FOLDER}/openmoji/color", "flip": True, "test_fraction": 0.1},
}
IMAGES = {"mnist": 30_016, "emoji": 20_032}


def get_config(kind="mnist-relativistic"):
    data, _, loss = kind.partition("-")
    if data not in DATA or loss not in R2:
        raise UserInputError(
            f"KIND is DATA-LOSS, of {', '.join(DATA)} and of {', '.join(R2)}. Received: {kind!r}."
        )
    config = default_config()
    config.model = {
        "name": "gan",
        "networks": {
            "name": "residual",
            "filters": 16,
            "max_filters": 32,
            "num_blocks": 1,
            **NETWORKS[data],
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
    config.data = DATA[data]
    config.batch_size = 64
    config.images = IMAGES[data]
    config.log_every = 3_200
    config.sample_every = IMAGES[data] // 2
    config.checkpoint_every = IMAGES[data] // 2
    return config
