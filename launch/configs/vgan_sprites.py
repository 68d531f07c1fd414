"""VGAN of walking sprites: clips of 8 frames, 32 x 32.

Command:
  python -m launch.train --config=launch/configs/vgan_sprites.py --workdir=runs/vgan

`sprites_walk_1000.npz` is looked for in the folder that the environment variable TFGAN_DATA names,
else in `data`; `--config.data.source=npz:FILE` names it.

Cost: 1,024 s on a small share of a CPU core; 0.9 GB.

Expected: a row of the grid is one character in colours of its own, mottled, whose feet move; after
16,000 images an outline in changing colours.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {"name": "vgan", "preset": "small_32"}
    config.data = {"source": f"npz:{FOLDER}/sprites_walk_1000.npz", "size": 32}
    config.batch_size = 32
    config.images = 64_000
    config.log_every = 3_200
    config.sample_every = 16_000
    config.checkpoint_every = 16_000
    config.num_samples = 8
    return config
