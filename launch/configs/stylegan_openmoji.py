"""StyleGAN on emoji, from 8 x 8 to 64 x 64 pixels.

The paper's game (non-saturating loss, R1, here of gamma 1, mixing in 9 of 10 steps) with 64
channels up to 16 pixels, then 32 and 16; each size fades in over 8,000 images and trains for as
many, the last one for 24,000.

Command:
  python -m launch.train --config=launch/configs/stylegan_openmoji.py --workdir=runs/stylegan \\
      --config.data.source=folder:openmoji/color

The folder holds OpenMoji's colour PNG files (CC BY-SA 4.0); its default place is `openmoji/color`
in the folder that the environment variable TFGAN_DATA names, else in `data`.

Cost: 1.6 GB; 7,951 s on one thread beside much other work.

Expected: the same patch in other colours: these are too few images for shapes.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {"name": "stylegan", "preset": "small_64"}
    config.data = {
        "source": f"folder:{FOLDER}/openmoji/color",
        "flip": True,
        "test_fraction": 0.1,
    }
    config.batch_size = 16
    config.images = 72_000
    config.log_every = 2_000
    config.sample_every = 4_000
    config.checkpoint_every = 4_000
    config.num_samples = 64
    return config
