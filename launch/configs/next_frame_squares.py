"""The next frame of a white square on black, 32 x 32, from the four before.

Command:
  python -m launch.train --config=launch/configs/next_frame_squares.py --workdir=runs/squares

The square bounces off the walls. `--config=launch/configs/next_frame_squares.py:two_futures`: it
comes to a wall in the last frame that is seen and turns left or right by chance; a squared error
alone, `:two_futures_l2`, shows both.

Cost: 727 s of the bouncing square on a small share of a CPU core; 14 minutes for the 32,000 images
of `:two_futures` beside much other work, 5 for those of `:two_futures_l2`; 0.9 GB.

Expected: of the bouncing square a white square in its place, 6 dB nearer to the truth than the last
frame again; of a square that turns at a wall sometimes a blot. With the gradient difference loss of
weight 1 the prediction was black. Of `:two_futures` one white square, left or right; of
`:two_futures_l2` two grey ones.
"""

from tfgan_suite.runs import default_config

LOSSES = {
    "bouncing": {"adversarial_weight": 0.2, "gdl_weight": 0.0},
    "two_futures": {"adversarial_weight": 0.2, "gdl_weight": 0.0},
    "two_futures_l2": {"adversarial_weight": 0.0, "gdl_weight": 0.0},
}


def get_config(kind="bouncing"):
    config = default_config()
    config.model = {
        "name": "next_frame",
        "preset": "small",
        "channels": 1,
        "num_served": 1,
        **LOSSES[kind],
    }
    motion = "straight" if kind == "bouncing" else "ambiguous"
    config.data = {"source": "squares", "num_examples": 20_000, "motion": motion}
    config.batch_size = 16
    config.images = 32_000
    config.optimizers = {
        "discriminator": {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5},
        "generator": {"name": "adam", "learning_rate": 1e-3, "beta_1": 0.5},
    }
    config.log_every = 1_600
    config.sample_every = 8_000
    config.checkpoint_every = 8_000
    config.num_samples = 8
    return config
