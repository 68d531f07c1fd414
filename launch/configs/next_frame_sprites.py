"""Next frames of walking sprites, 32 x 32, from the four before.

1,000 clips of 9 frames; a tenth is held out.

Command:
  python -m launch.train --config=launch/configs/next_frame_sprites.py --workdir=runs/next_frame

`sprites_walk_1000.npz` is looked for in the folder that the environment variable TFGAN_DATA names,
else in `data`; `--config.data.source=npz:FILE` names it. `--config.model.adversarial_weight=0
--config.model.gdl_weight=0` trains on the squared error alone.

Cost: 18 minutes on one CPU core beside much other work, the squared error alone 2.4; 0.9 GB.

Expected: the character stays where it is and its legs go on walking; farther ahead single pixels
take wrong colours. Far nearer to the truth than the last frame again (README of the model).
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {"name": "next_frame", "preset": "small"}
    config.data = {
        "source": f"npz:{FOLDER}/sprites_walk_1000.npz",
        "size": 32,
        "test_fraction": 0.1,
    }
    config.batch_size = 16
    config.images = 16_000
    config.optimizers = {
        "discriminator": {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5},
        "generator": {"name": "adam", "learning_rate": 1e-3, "beta_1": 0.5},
    }
    config.log_every = 1_600
    config.sample_every = 8_000
    config.checkpoint_every = 8_000
    config.num_samples = 8
    return config
