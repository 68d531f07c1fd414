"""StyleGAN on walking sprites, from 8 x 8 to 64 x 64 pixels.

The paper's game (non-saturating loss, R1, here of gamma 1, mixing in 9 of 10 steps) with 64
channels up to 16 pixels, then 32 and 16, learning rates of 0.002, and 16 images in every step; each
size fades in over 8,000 images and trains for as many, the last one for 88,000.

The images are the frames of `sprites_walk_1000.npz` (Liberated Pixel Cup artists, CC BY-SA 3.0 and
GPL 3.0), one after the other: see `dcgan_sprites.py`.

Command:
  python -m launch.train --config=launch/configs/stylegan_sprites.py --workdir=runs/sprites \\
      --config.data.source=npz:sprite_images.npz

The file's default place is the folder that the environment variable TFGAN_DATA names, else `data`.

Cost: 1.1 GB; 5,996 s for 137,152 images on a part of a CPU core beside other work.

Expected: every sample is a character with hair, a face and clothes of many colours; outlines and
poses hardly differ.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {
        "name": "stylegan",
        "preset": "small_64",
        "batch_sizes": {8: 16},
        "learning_rates": {8: 2e-3},
    }
    config.data = {
        "source": f"npz:{FOLDER}/sprite_images.npz",
        "flip": True,
        "test_fraction": 0.1,
    }
    config.batch_size = 16
    config.images = 136_000
    config.log_every = 2_000
    config.sample_every = 4_000
    config.checkpoint_every = 4_000
    config.num_samples = 64
    return config
