"""E-GAN on 25 Gaussians on a grid, and its controls; see `egan_ring.py`.

The authors' data (spacing 0.7071, standard deviation 0.01768), latents in the plane from U(-1, 1),
batches of 64, Adam 1e-4 with beta_1 0.5; networks of three hidden layers of 128 in place of 512.

Command:
  python -m launch.train --config=launch/configs/egan_grid.py --workdir=runs/egan_grid

`--config=launch/configs/egan_grid.py:minimax` (or `heuristic`, `least_squares`) trains with that
mutation alone, a plain GAN; `:random` lets a child survive by chance.

Cost: 1.5 to 5 minutes on one CPU core beside other work.

Expected: too few steps for the grid: 1 to 5 of 25 modes, about a tenth of the samples within 3
standard deviations of one. `survived/...` in metrics.jsonl says which mutation's child survived.
"""

from tfgan_suite.runs import default_config

MUTATIONS = ["minimax", "heuristic", "least_squares"]


def get_config(which="evolution"):
    config = default_config()
    config.model = {
        "name": "egan",
        "mutations": [which] if which in MUTATIONS else MUTATIONS,
        "selection": "random" if which == "random" else "fitness",
        "diversity_weight": 2.0,
        "evaluation_batches": 4,
        "latent_distribution": "uniform",
        "networks": {
            "name": "mlp",
            "sample_shape": [2],
            "latent_size": 2,
            "generator_hidden_units": [128, 128, 128],
            "discriminator_hidden_units": [128, 128, 128],
            "discriminator_activation": "relu",
            "output_activation": None,
        },
    }
    config.data = {"source": "gaussians", "mixture": "grid", "spacing": 0.7071, "std": 0.01768}
    config.optimizers = {
        "discriminator": {"learning_rate": 1e-4},
        "generator": {"learning_rate": 1e-4},
    }
    config.batch_size = 64
    config.images = 10_000 * 64
    config.steps_per_execution = 50
    config.log_every = 500 * 64
    config.sample_every = 2_500 * 64
    config.checkpoint_every = 2_500 * 64
    config.num_samples = 2_000
    return config
