"""CAN on textures as styles: shapes of 32 x 32 pixels that are plain, striped, dotted or checkered.

Channels from 32 next to the image up to 128 (16 to 64 in the discriminator), Adam 2e-4 with beta_1
0.5 in place of 1e-4.

Command:
  python -m launch.train --config=launch/configs/can_shapes.py --workdir=runs/can_shapes

`--config=launch/configs/can_shapes.py:0` is the plain GAN beside it, with the weight 0 of the
ambiguity; other numbers are other weights. Both are measured by
  python -m benchmarks.styles --workdir=runs/can_shapes --workdir=runs/can_shapes_0

Cost: 275 s on two CPU cores beside other work; the plain GAN took 649 s on one core beside more.

Expected: skies with grainy blots of the shapes' colours; no clear outlines or textures yet.
"""

from tfgan_suite.runs import default_config


def get_config(weight="1"):
    config = default_config()
    config.model = {
        "name": "can",
        "preset": "small_32",
        "ambiguity_weight": float(weight),
        "ema_half_life": 5_000.0,
    }
    config.optimizers = {
        player: {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5}
        for player in ("discriminator", "generator")
    }
    config.data = {"source": "shapes", "label": "texture"}
    config.batch_size = 64
    config.images = 96_000
    config.log_every = 6_400
    config.sample_every = 32_000
    config.checkpoint_every = 16_000
    return config
