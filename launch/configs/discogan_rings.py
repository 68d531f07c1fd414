"""DiscoGAN between two rings of ten Gaussians: is each mode led to a mode of its own?

The paper's toy: radius 2, standard deviation 0.1, the second ring 5 to the right; dense networks
(generators of two hidden layers of 128, discriminators of four), batches of 200, Adam 2e-4.

Command:
  python -m launch.train --config=launch/configs/discogan_rings.py --workdir=runs/discogan_rings

`--config=launch/configs/discogan_rings.py:recongan` (one direction and back) and `:gan` (one
direction alone) are the paper's controls; `python -m benchmarks.relations` measures all three.

Cost: 1.5 to 4 minutes on one CPU core beside other work, 0.8 GB.

Expected: all ten modes are reached, one of them perhaps from two; with seeds 0 to 2, 93 to 97 % of
the translations lie on a mode.
"""

from tfgan_suite.runs import default_config


def get_config(relation="discogan"):
    config = default_config()
    config.model = {"name": "discogan", "preset": "points", "relation": relation}
    config.data = {"source": "gaussians", "modes": 10, "radius": 2.0, "std": 0.1, "shift": 5.0}
    config.batch_size = 200
    config.images = 20_000 * 200
    config.steps_per_execution = 50
    config.log_every = 1_000 * 200
    config.sample_every = 5_000 * 200
    config.checkpoint_every = 5_000 * 200
    config.num_samples = 2_000
    return config
