"""StackGAN on emoji by their names, 16 and then 64 pixels.

OpenMoji's colour images (CC BY-SA 4.0) have English names as file names. They are read by a caption
encoder, which is trained before.

Command:
  python -m launch.train --config=launch/configs/caption_encoder_openmoji.py --workdir=runs/names \\
      --config.data.source=folder:openmoji/color
  python -m launch.train --config=launch/configs/stackgan_openmoji.py --workdir=runs/emoji \\
      --config.data.source=folder:openmoji/color

The folder is that of launch/configs/progan_openmoji.py. Images are not mirrored: names say left and
right.

Cost: 755 s on a part of a CPU core beside other work.

Expected: after Stage I yellow faces, and people with hair and tone of skin; after Stage II, which
trains briefly, heads and shoulders with outlines; other names are stains in both.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {
        "name": "stackgan",
        "preset": "small_64",
        "caption_encoder": "runs/names",
        "stage_1_images": 100_000,
        "ema_half_life": 1_000.0,
        "kl_weight": 0.5,
    }
    config.optimizers = {
        player: {"learning_rate": rate}
        for player, rate in (("generator_1", 1e-3), ("generator_2", 5e-4))
    }
    config.data = {
        "source": f"folder:{FOLDER}/openmoji/color",
        "captions": "names",
        "test_fraction": 0.1,
    }
    config.batch_size = 16
    config.images = 130_000
    config.log_every = 5_000
    config.sample_every = 10_000
    config.checkpoint_every = 10_000
    config.num_samples = 12
    return config
