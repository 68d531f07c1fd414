"""CycleGAN between two emoji designs, OpenMoji and Noto, 64 x 64.

Real, unpaired images: OpenMoji (CC BY-SA 4.0) and Noto Color Emoji (OFL 1.1), a folder each.

Command:
  python -m launch.train --config=launch/configs/cyclegan_emoji.py --workdir=runs/emoji \\
      --config.data.source=folder:emoji

The folder holds the images of the two designs in `openmoji/color` and `noto/color` (options `a`
and `b` of the data); its default place is `emoji` in the folder that the environment variable
TFGAN_DATA names, else in `data`.

Cost: 2,932 s for 14,000 images of each design, mostly on one CPU core beside other work; 1.2 GB.

Expected: towards Noto outlines go and colours shade, flags begin to wave; towards OpenMoji black
outlines appear. Faces and large plain areas stay wrong.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {
        "name": "cyclegan",
        "image_size": 64,
        "filters": 24,
        "num_blocks": 6,
        "discriminator_filters": 24,
    }
    config.data = {
        "source": f"folder:{FOLDER}/emoji",
        "a": "openmoji/color",
        "b": "noto/color",
        "size": 64,
        "flip": True,
        "test_fraction": 0.02,
    }
    config.batch_size = 4
    config.images = 14_000
    config.optimizers = {
        player: {
            "learning_rate": {
                "name": "constant_then_linear",
                "learning_rate": 2e-4,
                "constant_images": 7_000,
                "decay_images": 7_000,
            },
        }
        for player in ("generators", "discriminators")
    }
    config.log_every = 1_000
    config.sample_every = 2_000
    config.checkpoint_every = 2_000
    config.num_samples = 8
    return config
