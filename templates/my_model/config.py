"""Restores points of eight Gaussians.

    python -m launch.train --config=my_model/config.py --workdir=runs/my_model

Cost and result belong here, as measured: images, minutes, machine, memory.
"""

from tfgan_suite.runs import default_config


def get_config():
    config = default_config()
    config.model.name = "my_model.model:AdversarialAutoencoder"
    config.model.preset = "paper"
    config.data.source = "gaussians"
    config.batch_size = 128
    config.images = 500_000
    return config
