"""DCGAN on walking sprites, 32 x 32: characters whose parts are dissected by a trained segmenter.

The images are the frames of `sprites_walk_1000.npz` (Liberated Pixel Cup artists, CC BY-SA 3.0 and
GPL 3.0), one after the other:

  python -c "import numpy as np; f = np.load('sprites_walk_1000.npz')['frames']; \\
      np.savez('sprite_images.npz', x=f.reshape(-1, *f.shape[2:]))"

Command:
  python -m launch.train --config=launch/configs/dcgan_sprites.py --workdir=runs/sprites \\
      --config.data.source=npz:sprite_images.npz
  python -m launch.train_segmenter --data=sprites_walk_1000.npz --out=parts.keras
  python -m launch.dissect --workdir=runs/sprites --layer=relu_8 --segmenter=parts.keras --out=found

Cost: 456 s for 64,000 images on one thread of a busy machine of two cores.

Expected: every image is one character from the front on a grey ground, with hair and clothes of
many colours; faces and hands are a few pixels without features.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {
        "name": "dcgan",
        "image_size": 32,
        "channels": 3,
        "filters": 32,
        "kernel_size": 4,
        "ema_half_life": 5_000.0,
    }
    config.data = {
        "source": f"npz:{FOLDER}/sprite_images.npz",
        "size": 32,
        "flip": True,
        "test_fraction": 0.1,
    }
    config.batch_size = 64
    config.images = 64_000
    config.log_every = 6_400
    config.sample_every = 16_000
    config.checkpoint_every = 16_000
    config.num_samples = 64
    return config
