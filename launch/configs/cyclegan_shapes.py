"""CycleGAN between the two built-in domains of coloured shapes, day and night, 32 x 32.

The data is made in code and knows the true counterpart of every held-out picture, so the
translation can be measured. Adversarial, cycle and identity losses, a history of 50 pictures, the
learning rate constant for half of the run and then falling to zero.

Command:
  python -m launch.train --config=launch/configs/cyclegan_shapes.py --workdir=runs/shapes

Cost: 193 s of training on 2 CPU cores, 1.3 GB.

Expected: held-out pictures reach 22 to 23 dB against their counterparts in both directions (7.5 dB
untranslated). Light, place and outline are right, textures blotchy.
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "cyclegan",
        "image_size": 32,
        "filters": 16,
        "num_blocks": 2,
        "discriminator_filters": 16,
        "discriminator_layers": 2,
    }
    config.data = {"source": "shapes", "size": 32}
    config.batch_size = 4
    # At this size XLA halves the time of a step; from 64 pixels on it costs more than it gives.
    config.jit_compile = True
    config.images = 12_000
    config.optimizers = {
        player: {
            "name": "adam",
            "learning_rate": {
                "name": "constant_then_linear",
                "learning_rate": 2e-4,
                "constant_images": 6_000,
                "decay_images": 6_000,
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
