"""CycleGAN between the two built-in domains of coloured shapes, day and night, 32 x 32.

The data is made in code and knows the true counterpart of every held-out image, so the
translation can be measured. Adversarial, cycle and identity losses, a history of 50 images, the
learning rate constant for 40 % of the run and then falling to zero.

What differs from the paper's networks, because the images are small: the translators halve
nothing (halved twice, 32 x 32 leaves 8 x 8, which cannot carry a texture) and normalise nothing
(instance norm takes the brightness and the colours of an image relative to its own, so they depend
on how large the shape is), the discriminators judge patches of 16 x 16, and the rate is five times
as high. The identity losses weigh twice as much, which keeps colours in their places. Translations
are made by a moving average of the weights.

Command:
  python -m launch.train --config=launch/configs/cyclegan_shapes.py --workdir=runs/shapes

Cost: 296 s of training on 2 CPU cores, 0.9 GB.

Expected: held-out images reach 31 dB (day to night) and 30 dB (night to day) against their
counterparts, from 7.6 dB untranslated (one run). Colours and textures are right; large plain shapes
have a rim.
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "cyclegan",
        "image_size": 32,
        "filters": 16,
        "num_blocks": 2,
        "num_downsamplings": 0,
        "translator_norm": "none",
        "discriminator_filters": 16,
        "discriminator_layers": 1,
        "identity_weight": 10.0,
        "ema_half_life": 1_000.0,
    }
    config.data = {"source": "shapes", "size": 32}
    config.batch_size = 4
    config.images = 20_000
    config.optimizers = {
        player: {
            "name": "adam",
            "learning_rate": {
                "name": "constant_then_linear",
                "learning_rate": 1e-3,
                "constant_images": 8_000,
                "decay_images": 12_000,
            },
            "beta_1": 0.5,
            "epsilon": 1e-8,
        }
        for player in ("generators", "discriminators")
    }
    config.log_every = 1_000
    config.sample_every = 3_000
    config.checkpoint_every = 3_000
    config.num_samples = 8
    return config
