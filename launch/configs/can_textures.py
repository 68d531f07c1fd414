"""CAN on patterns of five styles, 32 x 32: stripes, checks, dots, rings, blobs.

Command:
  python -m launch.train --config=launch/configs/can_textures.py --workdir=runs/can_textures

`--config=launch/configs/can_textures.py:0` is the plain GAN beside it, with the weight 0 of the
ambiguity; other numbers are other weights. `--config.model.ambiguity=softmax` is the other form.
All of them are measured by
  python -m benchmarks.styles --workdir=runs/can_textures --workdir=runs/can_textures_0

Cost: 456 s for 256,000 images with weight 0, 672 s with weight 1, on a part of a CPU core beside
much other work.

Expected: clear patterns, most of them grey; with weight 1 bands that wind between the five styles
rather than any one of them.
"""

from tfgan_suite.runs import default_config


def get_config(weight="1"):
    config = default_config()
    config.model = {
        "name": "can",
        "preset": "small_32",
        "num_styles": 5,
        "ambiguity_weight": float(weight),
        "ema_half_life": 3_000.0,
    }
    config.optimizers = {
        player: {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5}
        for player in ("discriminator", "generator")
    }
    config.data = {"source": "textures"}
    config.batch_size = 64
    config.images = 256_000
    config.log_every = 6_400
    config.sample_every = 64_000
    config.checkpoint_every = 64_000
    return config
