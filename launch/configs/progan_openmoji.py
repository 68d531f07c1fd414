"""ProGAN on emoji, from 4 x 4 to 64 x 64 pixels.

The paper's game (WGAN-GP with drift, minibatch deviation, equalised learning rates, pixel norm)
with 64 channels up to 16 pixels, then 32 and 16; each size fades in over 25,000 images and trains
for as many.

Command:
  python -m launch.train --config=launch/configs/progan_openmoji.py --workdir=runs/openmoji \\
      --config.data.source=folder:openmoji/color

The folder holds OpenMoji's colour PNG files (CC BY-SA 4.0); its default place is `openmoji/color`
in the folder that the environment variable TFGAN_DATA names, else in `data`.

Cost: 1.4 GB; 13,810 s on one to two threads beside much other work.

Expected: closed outlines of many shapes in the emoji's colours, hardly any of which could be named.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {"name": "progan", "preset": "small_64", "ema_half_life": 5_000.0}
    config.data = {
        "source": f"folder:{FOLDER}/openmoji/color",
        "flip": True,
        "test_fraction": 0.1,
    }
    config.batch_size = 16
    config.images = 225_000
    config.log_every = 2_500
    config.sample_every = 12_500
    config.checkpoint_every = 5_000
    config.num_samples = 64
    return config
