"""GAN-INT-CLS on emoji by their names, 32 x 32: "red heart", "woman firefighter", "dog face".

OpenMoji's colour images (CC BY-SA 4.0) have English names as file names. They are read by a caption
encoder, which is trained before.

Command:
  python -m launch.train --config=launch/configs/caption_encoder_openmoji.py --workdir=runs/names \\
      --config.data.source=folder:openmoji/color
  python -m launch.train --config=launch/configs/text_to_image_openmoji.py --workdir=runs/emoji \\
      --config.data.source=folder:openmoji/color

The folder is that of launch/configs/progan_openmoji.py. Images are not mirrored: names say left and
right.

Cost: 4,012 s for 200,000 images, about half of it stopped, on a part of a CPU core; 0.9 GB.

Expected: after 200,000 images (not trained further) faces and people can be told, with the tone of
their skin; names of single things are blots.
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


def get_config():
    config = default_config()
    config.model = {
        "name": "text_to_image",
        "preset": "small_32",
        "algorithm": "int_cls",
        "caption_encoder": "runs/names",
        "ema_half_life": 5_000.0,
    }
    config.data = {
        "source": f"folder:{FOLDER}/openmoji/color",
        "captions": "names",
        "test_fraction": 0.1,
    }
    config.batch_size = 32
    config.images = 300_000
    config.log_every = 10_000
    config.sample_every = 50_000
    config.checkpoint_every = 50_000
    config.num_samples = 16
    return config
