"""Recycle-GAN between a red dot and a blue square that go round the same circle, 32 x 32.

Each clip has a place and a speed of its own; no clip of one domain belongs to one of the other.
Where the dot is, the translated square should be.

Command:
  python -m launch.train --config=launch/configs/recyclegan_dots.py --workdir=runs/dots

`--config=launch/configs/recyclegan_dots.py:cyclegan` trains CycleGAN with the same translators and
discriminators on single frames in random order, three times as many examples, so that both see as
many frames; `:code` takes absolute distances, as the authors' code. `python -m
benchmarks.retargeting` measures all of them.

Cost: not measured yet.

Expected: not measured yet.
"""

from tfgan_suite.runs import default_config

CLIPS = 12_000


def get_config(kind="paper"):
    config = default_config()
    networks = {
        "image_size": 32,
        "filters": 8,
        "num_blocks": 3,
        "discriminator_filters": 8,
        "discriminator_layers": 2,
        "ema_half_life": 500.0,
    }
    if kind == "cyclegan":
        frames = 3
        more = {"name": "cyclegan", "identity_weight": 0.0, "pool_size": 0}
    else:
        frames = 1
        distance = {"paper": "l2", "code": "l1"}[kind]
        more = {"name": "recyclegan", "predictor_filters": 8, "distance": distance}
    config.model = {**networks, **more}
    config.data = {"source": "dots", "size": 32}
    config.batch_size = 4 * frames
    config.images = CLIPS * frames
    config.log_every = 1_000 * frames
    config.sample_every = 4_000 * frames
    config.checkpoint_every = 4_000 * frames
    config.num_samples = 8
    return config
