"""GAN with the non-saturating loss on a 5 x 5 grid of Gaussians: how many modes does it find?

The networks and learning rates are those of the LSGAN authors' mixture experiment, so that
`lsgan_grid.py` differs in the loss alone.

Command:
  python -m launch.train --config=launch/configs/gan_grid.py --workdir=runs/gan_grid

Cost: about 2 minutes and 0.7 GB on 2 CPU cores, by --dry_run (an estimate, not a whole run).

Expected: not measured yet. A plain GAN rarely finds all 25 modes.
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "gan",
        "loss": "non_saturating",
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
        "discriminator": {"name": "adam", "learning_rate": 1e-3, "beta_1": 0.5, "epsilon": 1e-8},
        "generator": {"name": "adam", "learning_rate": 1e-3, "beta_1": 0.5, "epsilon": 1e-8},
    }
    config.batch_size = 256
    config.images = 12_000 * 256
    config.steps_per_execution = 50
    config.log_every = 500 * 256
    config.sample_every = 2_500 * 256
    config.checkpoint_every = 2_500 * 256
    config.num_samples = 2_000
    return config
