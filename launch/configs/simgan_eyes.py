"""SimGAN on drawn eyes: rendered ones are refined until they look as a camera's.

The paper's size, 35 x 55 grey pixels, with a quarter of its filters and half of its blocks; both
sets are drawn in code (source `eyes`) and know where the pupil is.

Command:
  python -m launch.train --config=launch/configs/simgan_eyes.py --workdir=runs/simgan

Cost: 5 minutes on one CPU core beside other work, 0.8 GB.

Expected: refined eyes have about the brightness and contrast of the camera's, with the pupil in its
place and a regular grain.
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {"name": "simgan", "preset": "small_gaze"}
    config.data = {"source": "eyes"}
    config.batch_size = 32
    config.images = 64_000
    config.optimizers = {
        player: {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5}
        for player in ("refiner", "discriminator")
    }
    config.log_every = 3_200
    config.sample_every = 8_000
    config.checkpoint_every = 16_000
    config.num_samples = 8
    return config
