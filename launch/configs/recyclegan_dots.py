"""Recycle-GAN between a red dot and a blue square that go round the same circle, 32 x 32.

Each clip has a place and a speed of its own; no clip of one domain belongs to one of the other.
Where the dot is, the translated square should be.

The translators halve nothing and normalise nothing (as in cyclegan_shapes.py), so that a pixel of a
translation sees 21 x 21 pixels; the learning rate is five times the paper's.

Command:
  python -m launch.train --config=launch/configs/recyclegan_dots.py --workdir=runs/dots

`--config=launch/configs/recyclegan_dots.py:KIND` trains another kind. `cyclegan`: CycleGAN with the
same translators and discriminators on single frames in random order, three times as many examples,
so that both see as many frames. `code`: absolute distances, as the authors' code. `halving` and
`cyclegan_halving`: the paper's translators, which halve an image twice and see all of it, at the
paper's rate: with them a dot can be led anywhere on the circle.
`python -m benchmarks.retargeting` measures.

Cost: 397 s of training for 8,000 clips on one CPU core beside much other work, 598 s for those of
`:code`; 0.8 GB.

Expected: the centroid of a translation is 0.1 pixels from that of its original in both directions,
and PSNR against the true counterpart is 40 dB, 42 of `:code` (one run each).
"""

from tfgan_suite.errors import UserInputError
from tfgan_suite.runs import default_config

CLIPS = 8_000
KINDS = ("paper", "code", "cyclegan", "halving", "cyclegan_halving")


def get_config(kind="paper"):
    if kind not in KINDS:
        raise UserInputError(f"KIND is one of {', '.join(KINDS)}. Received: {kind!r}.")
    config = default_config()
    networks = {
        "image_size": 32,
        "filters": 8,
        "discriminator_filters": 8,
        "discriminator_layers": 2,
        "ema_half_life": 500.0,
    }
    if kind.endswith("halving"):
        networks["num_blocks"] = 3
    else:
        networks.update({"num_blocks": 2, "num_downsamplings": 0, "translator_norm": "none"})
        config.optimizers = {
            player: {"learning_rate": 1e-3} for player in ("generators", "discriminators")
        }
    if kind.startswith("cyclegan"):
        frames = 3
        more = {"name": "cyclegan", "identity_weight": 0.0, "pool_size": 0}
    else:
        frames = 1
        distance = "l1" if kind == "code" else "l2"
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
