"""3D-GAN on voxel models of people, aliens, animals and things, 32 x 32 x 32 voxels.

243 models, of which a tenth is held out. Channels from 128 at the smallest volume to 16.

Command:
  python -m launch.train --config=launch/configs/threed_gan_voxels.py --workdir=runs/voxels

`voxels_32.npz` is looked for in the folder that the environment variable TFGAN_DATA names, else in
`data`; `--config.data.source=npz:FILE` names it.

Cost: 1,081 s for 32,000 images, on a part of a CPU core beside much other work.

Expected: heads, trees with rough crowns, towers, a few loose clouds; two fifths of one part
(python -m benchmarks.voxels --workdir=runs/voxels).
"""

import os

from tfgan_suite.runs import default_config

FOLDER = os.environ.get("TFGAN_DATA", "data")
IMAGES = 32_000


def get_config():
    config = default_config()
    config.model = {
        "name": "threed_gan",
        "preset": "small_32",
        "filters": 16,
        "latent_distribution": "normal",
        "accuracy_gate": 1.0,
        "ema_half_life": 2_000.0,
    }
    config.optimizers = {
        player: {
            "name": "adam",
            "learning_rate": {
                "name": "constant_then_linear",
                "learning_rate": rate,
                "constant_images": IMAGES // 2,
                "decay_images": IMAGES // 2,
            },
            "beta_1": 0.5,
        }
        for player, rate in (("discriminator", 2e-4), ("generator", 1e-3))
    }
    config.data = {"source": f"npz:{FOLDER}/voxels_32.npz", "up": 2, "test_fraction": 0.1}
    config.batch_size = 16
    config.images = IMAGES
    config.log_every = 1_600
    config.sample_every = 8_000
    config.checkpoint_every = 8_000
    config.num_samples = 16
    return config
