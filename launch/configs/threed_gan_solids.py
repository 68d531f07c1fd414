"""3D-GAN on solids of 16 x 16 x 16 voxels: spheres, boxes, cylinders, cones, tori, pyramids.

Channels from 32 at the smallest volume to 16, 32 latents from N(0, 1); Adam with beta_1 0.5, 1e-3
for the generator and 2e-4 for the discriminator, which never waits.

Command:
  python -m launch.train --config=launch/configs/threed_gan_solids.py --workdir=runs/solids

Cost: 937 s on one CPU core beside much other work.

Expected: solids of all kinds but few pyramids, with loose voxels beside them; an occupancy near
that of real ones (python -m benchmarks.voxels --workdir=runs/solids).
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "threed_gan",
        "preset": "small_16",
        # Latents from U(0, 1), as the authors draw them, collapse here: see the model's README.
        "latent_distribution": "normal",
        "accuracy_gate": 1.0,
        "ema_half_life": 2_000.0,
    }
    config.optimizers = {
        "discriminator": {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5},
        "generator": {"name": "adam", "learning_rate": 1e-3, "beta_1": 0.5},
    }
    config.data = {"source": "shapes", "size": 16, "num_examples": 10_000, "num_test": 512}
    config.batch_size = 32
    config.images = 64_000
    config.log_every = 6_400
    config.sample_every = 16_000
    config.checkpoint_every = 16_000
    config.num_samples = 32
    return config
