"""pix2pix from line drawings to colour images of emoji, 64 x 64.

Real pairs: OpenMoji (CC BY-SA 4.0) has each emoji as a black line drawing and in colour.

Command:
  python -m launch.train --config=launch/configs/pix2pix_openmoji.py --workdir=runs/pix2pix \\
      --config.data.source=folder:openmoji

The folder holds OpenMoji's PNG files in `black` and `color` (options `a` and `b` of the data), by
equal names; its default place is `openmoji` in the folder that the environment variable TFGAN_DATA
names, else in `data`. `--config.model.adversarial_weight=0` trains on L1 alone.

Cost: 2,010 s for 14,000 images on one CPU core beside much other work; 1.2 GB.

Expected: lines stay, enclosed areas are filled, the outside stays white. Hearts are red and faces
have a colour of skin; large areas are blotches of yellow, orange and red.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {"name": "pix2pix", "preset": "small_64"}
    config.data = {
        "source": f"folder:{FOLDER}/openmoji",
        "a": "black",
        "b": "color",
        "size": 64,
        "load_size": 72,
        "flip": True,
        "test_fraction": 0.05,
    }
    config.batch_size = 4
    config.images = 14_000
    config.log_every = 1_000
    config.sample_every = 2_000
    config.checkpoint_every = 2_000
    config.num_samples = 8
    return config
