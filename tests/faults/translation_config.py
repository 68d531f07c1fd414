"""A CycleGAN with moving averages and a history of images, as small as can be, for kills."""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model = {
        "name": "cyclegan",
        "image_size": 16,
        "filters": 4,
        "num_blocks": 1,
        "discriminator_filters": 4,
        "discriminator_layers": 1,
        "pool_size": 8,
        "ema_half_life": 100.0,
    }
    config.data = {"source": "shapes", "size": 16, "num_examples": 40, "num_test": 4}
    config.batch_size = 4
    config.images = 4 * 1500
    config.log_every = 100
    config.sample_every = 1000
    config.checkpoint_every = 60
    config.num_samples = 4
    config.jit_compile = False
    return config
