"""CAN on patterns of five styles, 16 x 16: stripes, checks, dots, rings, blobs.

Command:
  python -m launch.train --config=launch/configs/can_textures.py --workdir=runs/can_textures

`--config=launch/configs/can_textures.py:0` is the plain GAN beside it, with the weight 0 of the
ambiguity; other numbers are other weights. `--config.model.ambiguity=softmax` is the other form.
All of them are measured by
  python -m benchmarks.styles --workdir=runs/can_textures --workdir=runs/can_textures_0

Cost: not measured.

Expected: not trained yet.
"""

from tfgan_suite.runs import default_config


def get_config(weight="1"):
    config = default_config()
    config.model = {
        "name": "can",
        "preset": "small_32",
        "image_size": 16,
        "num_styles": 5,
        "ambiguity_weight": float(weight),
        "ema_half_life": 3_000.0,
    }
    config.optimizers = {
        player: {"name": "adam", "learning_rate": 5e-4, "beta_1": 0.5}
        for player in ("discriminator", "generator")
    }
    config.data = {"source": "textures"}
    config.batch_size = 64
    config.images = 64_000
    config.log_every = 6_400
    config.sample_every = 16_000
    config.checkpoint_every = 32_000
    return config
