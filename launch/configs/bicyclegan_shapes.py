"""BicycleGAN from outlines of built-in shapes to the shapes in colour, 32 x 32.

An outline shows neither colour nor texture: the latents have to tell them. Shapes fill a tenth of
an image, so the distance of pixels weighs ten times what it does in the paper, and the U-Net has no
norms, which take out what is the same at all places, as latents are. With the paper's weights and
norms the latents said nothing of the colour after as many images.

Command:
  python -m launch.train --config=launch/configs/bicyclegan_shapes.py --workdir=runs/bicycle

`python -m benchmarks.fill_colours` measures what the latents say of the colour.

Cost: 948 s on a small share of a CPU core beside much other work; 1 GB.

Expected: what is made of a true image's own latents has its colour or one near to it (correlation
0.87); a seed gives all outlines the same colour. Textures are grain, and a seed in four has dots on
the background.
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
        "translator_norm": "none",
        "dropout": 0.0,
        "l1_weight": 100.0,
        "latent_weight": 2.0,
    }
    config.data = {"source": "shapes", "a": "lines", "b": "day"}
    config.batch_size = 4
    config.images = 32_000
    config.optimizers = {"translators": {"learning_rate": 1e-3}}
    config.log_every = 1_600
    config.sample_every = 8_000
    config.checkpoint_every = 8_000
    config.num_samples = 8
    return config
