"""Caption encoder on the names of emoji, 32 x 32: what stackgan_openmoji.py reads captions with.

OpenMoji's colour images (CC BY-SA 4.0) have English names as file names: 2,107 words, most of them
in few names. So they are read by characters.

Command:
  python -m launch.train --config=launch/configs/caption_encoder_openmoji.py --workdir=runs/names \\
      --config.data.source=folder:openmoji/color

The folder is that of launch/configs/progan_openmoji.py.

Cost: 388 s on a part of a CPU core beside other work; 0.8 GB.

Expected: 95 % of the names have their own image nearest in their group of 16. In the drawings, of
100 held-out images those nearest to a name are of its kind (people, faces, flags) in most rows.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {
        "name": "caption_encoder",
        "preset": "small_32",
        "max_characters": 96,
        "character_filters": [64, 96, 64],
    }
    config.data = {
        "source": f"folder:{FOLDER}/openmoji/color",
        "captions": "names",
        "test_fraction": 0.1,
    }
    config.optimizers = {"encoder": {"learning_rate": 1e-3}}
    config.batch_size = 64
    config.images = 200_000
    config.log_every = 10_000
    config.sample_every = 50_000
    config.checkpoint_every = 20_000
    config.num_samples = 100
    return config
