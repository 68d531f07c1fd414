"""LSGAN on a 5 x 5 grid of Gaussians: how many modes does it find?

Dense networks of two hidden layers of 128, latents of 32, Adam 1e-3 for both. Labels 0, 1, 1.
`gan_grid.py` differs in the loss alone.

Command:
  python -m launch.train --config=launch/configs/lsgan_grid.py --workdir=runs/lsgan_grid

Cost: half a minute to one minute of training on one CPU core beside other work, 0.8 GB.

Expected: most modes missed. With seeds 0, 1, 2: 6, 8, 9 of 25 modes; 33 %, 53 %, 47 % of the
samples within 3 standard deviations of a mode.
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "lsgan",
        "labels": "zero_one",
        "networks": {
            "name": "mlp",
            "sample_shape": [2],
            "latent_size": 32,
            "generator_hidden_units": [128, 128],
            "discriminator_hidden_units": [128, 128],
            "output_activation": None,
        },
    }
    config.data = {"source": "gaussians", "mixture": "grid"}
    config.optimizers = {
        "discriminator": {"learning_rate": 1e-3},
        "generator": {"learning_rate": 1e-3},
    }
    config.batch_size = 256
    config.images = 12_000 * 256
    config.steps_per_execution = 50
    config.log_every = 500 * 256
    config.sample_every = 2_500 * 256
    config.checkpoint_every = 2_500 * 256
    config.num_samples = 2_000
    return config
