"""SimGAN on drawn eyes: textured ones are refined until they look as a camera's.

The paper's size, 35 x 55 grey pixels, with a quarter of its filters and half of its blocks; both
sets are drawn in code (source `eyes`) and know where the pupil is. The refiner makes no noise of
its own: light and grain, which the camera's images have, are in the textured ones too. What has to
change are blur, brightness and contrast; psi leaves the last two free.

Command:
  python -m launch.train --config=launch/configs/simgan_eyes.py --workdir=runs/simgan

The moving average of the refiner's weights is what answers: the trained weights wander in
brightness and contrast, and eyes refined by them were worse for the task than textured ones.

`--config.data.a=rendered --config.model.features=identity --config.model.self_regularization=0.5`
refines clean eyes, with pixels kept.

Cost: 137, 166 and 264 s of three runs on a small share of a CPU core; 0.8 GB.

Expected: refined eyes have softer edges, grain and nearly the camera's contrast. A small network
that learns from them finds the camera's pupils to 0.6 pixels, from textured ones to 2.4
(`python -m benchmarks.refining`, three seeds). Clean eyes do not gain.
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "simgan",
        "preset": "small_gaze",
        "features": "standardised",
        "self_regularization": 0.05,
        "refiner_images": 4_800,
        "discriminator_images": 1_600,
        "ema_half_life": 2_000.0,
    }
    config.data = {"source": "eyes", "a": "textured"}
    config.batch_size = 32
    config.images = 24_000
    config.optimizers = {
        player: {"name": "adam", "learning_rate": 5e-4, "beta_1": 0.5}
        for player in ("refiner", "discriminator")
    }
    config.log_every = 1_600
    config.sample_every = 8_000
    config.checkpoint_every = 8_000
    config.num_samples = 8
    return config
