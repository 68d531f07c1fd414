"""3D-GAN on solids of 16 x 16 x 16 voxels: spheres, boxes, cylinders, cones, tori, pyramids.

Channels from 32 at the smallest volume to 16, latents of 32; Adam with beta_1 0.5,
0.0025 for the generator and 1e-4 for the discriminator, behind the gate of 80 %.

Command:
  python -m launch.train --config=launch/configs/threed_gan_solids.py --workdir=runs/solids

Cost: not measured: a run beside other work was stopped at 66,400 volumes, after 6 minutes.

Expected: in that run samples collapsed to one clump of voxels; other rates are to be tried.
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {"name": "threed_gan", "preset": "small_16", "ema_half_life": 5_000.0}
    config.optimizers = {
        "discriminator": {"name": "adam", "learning_rate": 1e-4, "beta_1": 0.5},
        "generator": {"name": "adam", "learning_rate": 2.5e-3, "beta_1": 0.5},
    }
    config.data = {"source": "shapes", "size": 16, "num_examples": 10_000}
    config.batch_size = 32
    config.images = 96_000
    config.log_every = 6_400
    config.sample_every = 16_000
    config.checkpoint_every = 16_000
    config.num_samples = 32
    return config
