"""BicycleGAN from outlines of built-in shapes to the shapes in colour, 32 x 32.

An outline shows neither colour nor texture: the latents have to tell them.

Command:
  python -m launch.train --config=launch/configs/bicyclegan_shapes.py --workdir=runs/bicycle

`python -m benchmarks.fill_colours` measures what the latents say of the colour.

Cost: not measured: this run was not made yet.

Expected: what is made of a true image's own latents has its colour; not looked at yet.
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "bicyclegan",
        "preset": "small_64",
        "image_size": 32,
        "latent_size": 4,
        "filters": 16,
        "encoder_blocks": 3,
        "discriminator_filters": 16,
    }
    config.data = {"source": "shapes", "a": "lines", "b": "day"}
    config.batch_size = 8
    config.images = 32_000
    config.log_every = 1_600
    config.sample_every = 8_000
    config.checkpoint_every = 8_000
    config.num_samples = 8
    return config
