"""3D-VAE-GAN on solids of 16 x 16 x 16 voxels, each seen from above at one of twelve turns.

Images of 64 x 64 pixels; 32 latents. Adam with beta_1 0.5, 1e-3 for encoder and generator and 2e-4
for the discriminator, which never waits.

Command:
  python -m launch.train --config=launch/configs/threed_vae_gan_solids.py --workdir=runs/of_images

Cost: 1,801 s on a tenth of a CPU core, beside much other work.

Expected: volumes of held-out images that overlap by about nine tenths with the true ones, with
pyramids made cones (python -m benchmarks.volumes_of_images --workdir=runs/of_images).
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "threed_vae_gan",
        "preset": "small_16",
        # The paper's are 5 and 1e-4.
        "kl_weight": 0.01,
        "reconstruction_weight": 0.5,
        "accuracy_gate": 1.0,
        "ema_half_life": 2_000.0,
    }
    config.optimizers = {
        player: {"name": "adam", "learning_rate": rate, "beta_1": 0.5}
        for player, rate in (("discriminator", 2e-4), ("encoder", 1e-3), ("generator", 1e-3))
    }
    config.data = {"source": "shapes", "size": 16, "num_examples": 10_000, "num_test": 512}
    config.batch_size = 16
    config.images = 16_000
    config.log_every = 1_600
    config.sample_every = 4_000
    config.checkpoint_every = 4_000
    config.num_samples = 16
    return config
