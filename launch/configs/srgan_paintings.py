"""SRGAN on paintings: four times enlarged, first true to pixels, then to look real.

Command:
  python -m launch.train --config=launch/configs/srgan_paintings.py --workdir=runs/srresnet
  python -m launch.train --config=launch/configs/srgan_paintings.py --workdir=runs/srgan \\
      --config.model.srresnet=runs/srresnet --config.model.pixel_images=0 --config.images=4_000

The first trains SRResNet, the second goes on from it as SRGAN. The folder holds images of any size;
its default place is `paintings/img` in the folder that the environment variable TFGAN_DATA names,
else in `data`. SqueezeNet's weights are the file `squeezenet_v10_imagenet.npz` of the same folder.

`--config=launch/configs/srgan_paintings.py:esrgan` trains a small network with ESRGAN's changes,
both stages in one run: 10,000 images of pixels, 12,000 of the game.

Cost: 1,158 s for the 16,000 images of the first, 1,496 s for the 4,000 of the second, on one CPU
core beside much other work; 1.1 GB. `:esrgan` took 418 s on a part of a core, 1 GB.

Expected: SRResNet is 1.2 dB nearer to held-out paintings of 256 pixels than bicubic enlargement
(PSNR of luma). The game's 4,000 images add contrast and a weave of about four pixels; ESRGAN's
12,000 give sharp edges without it.
"""

import os

from tfgan_suite.errors import UserInputError
from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")


KINDS = {
    "srgan": {"preset": "small_48"},
    "esrgan": {
        "preset": "esrgan",
        "image_size": 48,
        "filters": 32,
        "num_blocks": 2,
        "growth": 16,
        "residual": True,
        "discriminator_filters": 16,
        "discriminator_units": 128,
        "features": "squeezenet",
        "feature_layer": "fire5",
        "feature_scale": 4e-4,
        "pixel_images": 10_000,
    },
}


def get_config(kind="srgan"):
    if kind not in KINDS:
        raise UserInputError(f"KIND is one of {', '.join(KINDS)}. Received: {kind!r}.")
    config = default_config()
    config.model = {
        "name": "srgan",
        **KINDS[kind],
        "feature_weights": f"{FOLDER}/squeezenet_v10_imagenet.npz",
        "learning_rates": [5e-4, 1e-4, 1e-5],
        "ema_half_life": 1_000.0,
    }
    config.data = {
        "source": f"folder:{FOLDER}/paintings/img",
        "load_size": 256,
        "flip": True,
        "test_fraction": 0.2,
    }
    config.batch_size = 8
    config.images = 16_000 if kind == "srgan" else 22_000
    config.log_every = 1_000
    config.sample_every = 8_000
    config.checkpoint_every = 4_000
    config.num_samples = 6
    return config
