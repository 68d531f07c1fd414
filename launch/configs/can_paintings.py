"""CAN on 230 paintings in ten styles, 32 x 32 pixels: far fewer than the paper's 75,753.

The folder has a sub-folder of images for each style. Images are brought to 40 pixels; a random part
of 32 is cut out of each, and half of them are mirrored.

Command:
  python -m launch.train --config=launch/configs/can_paintings.py --workdir=runs/can_paintings \\
      --config.data.source=folder:paintings_by_style

Whether samples are copies:
  python -m benchmarks.styles --workdir=runs/can_paintings --table=paintings --grid=nearest.png

Cost: 672 s on a part of a CPU core beside much other work.

Expected: soft patches in the colours of paintings, no things; no copies of training images.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config(weight="1"):
    config = default_config()
    config.model = {
        "name": "can",
        "preset": "small_32",
        "num_styles": 10,
        "ambiguity_weight": float(weight),
        "ema_half_life": 3_000.0,
    }
    config.optimizers = {
        player: {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5}
        for player in ("discriminator", "generator")
    }
    config.data = {
        "source": f"folder:{FOLDER}/paintings_by_style",
        "load_size": 40,
        "flip": True,
        "test_fraction": 0.2,
    }
    config.batch_size = 64
    config.images = 128_000
    config.log_every = 6_400
    config.sample_every = 32_000
    config.checkpoint_every = 32_000
    return config
