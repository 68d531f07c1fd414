"""BicycleGAN from line drawings to colour images of emoji, 64 x 64: several answers to a drawing.

Real pairs: OpenMoji (CC BY-SA 4.0) has each emoji as a black line drawing and in colour.

Command:
  python -m launch.train --config=launch/configs/bicyclegan_openmoji.py --workdir=runs/bicyclegan \\
      --config.data.source=folder:openmoji

The folder is that of launch/configs/pix2pix_openmoji.py. A step takes two batches: one of 2 pairs
for each of the two cycles.

Cost: 1,270 s for 16,000 images on one CPU core beside other work; 1.2 GB.

Expected: each seed colours all drawings alike, brown, grey, yellow or ochre, with faint stains
outside the lines. What is made of the truth's own latents is often not of its colour yet.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {"name": "bicyclegan", "preset": "small_64"}
    config.data = {
        "source": f"folder:{FOLDER}/openmoji",
        "a": "black",
        "b": "color",
        "size": 64,
        "load_size": 72,
        "flip": True,
        "test_fraction": 0.05,
    }
    config.batch_size = 2
    config.images = 16_000
    config.log_every = 1_000
    config.sample_every = 2_000
    config.checkpoint_every = 2_000
    config.num_samples = 8
    return config
