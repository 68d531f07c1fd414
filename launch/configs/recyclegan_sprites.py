"""Recycle-GAN between walking characters and the parts of others in flat colours, 32 x 32.

Command:
  python -m benchmarks.sprites --sprites=sprites_walk_1000.npz --workdir=runs/sprites --prepare
  python -m launch.train --config=launch/configs/recyclegan_sprites.py --workdir=runs/sprites/run \\
      --config.data.source=npz:runs/sprites/domains.npz

The first line makes the two domains: 450 characters of the Liberated Pixel Cup that walk, 9 frames
each, and hair, clothes, shoes and body of 450 others in one colour each. The parts of 100 more
are known and held out. `python -m benchmarks.sprites` does all of it and measures.

As in recyclegan_dots.py the translators halve nothing and normalise nothing, and the learning rate
is five times the paper's.

Cost: 1,712 s of training for 8,000 clips on one CPU core beside much other work.

Expected: hair, topwear and bottomwear of held-out characters get their colours, and move with them;
the way back makes characters with mostly grey clothes.
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "recyclegan",
        "image_size": 32,
        "filters": 12,
        "num_blocks": 3,
        "num_downsamplings": 0,
        "translator_norm": "none",
        "predictor_filters": 12,
        "discriminator_filters": 12,
        "discriminator_layers": 2,
        "ema_half_life": 500.0,
    }
    config.data = {"source": "npz:runs/sprites/domains.npz", "size": 32}
    config.optimizers = {
        player: {"learning_rate": 1e-3} for player in ("generators", "discriminators")
    }
    config.batch_size = 4
    config.images = 8_000
    config.log_every = 1_000
    config.sample_every = 2_000
    config.checkpoint_every = 2_000
    config.num_samples = 8
    return config
