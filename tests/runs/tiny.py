"""Configs of runs that take a second."""

import numpy as np

from tfgan_suite.runs import default_config


def points(**changes):
    """A GAN of two small dense networks on the ring of Gaussians."""
    config = default_config()
    config.model = {
        "name": "gan",
        "networks": {
            "name": "mlp",
            "sample_shape": (2,),
            "latent_size": 4,
            "generator_hidden_units": (8,),
            "discriminator_hidden_units": (8,),
            "output_activation": "linear",
        },
    }
    config.data = {"source": "gaussians"}
    return _with(config, changes)


def images(**changes):
    """A DCGAN with batch norm and averaged weights on grey shapes."""
    config = default_config()
    config.model = {
        "name": "dcgan",
        "image_size": 16,
        "channels": 1,
        "filters": 4,
        "latent_size": 4,
        "ema_half_life": 50.0,
    }
    config.data = {"source": "shapes", "size": 16, "channels": 1, "num_examples": 40}
    return _with(config, changes)


def translation(**changes):
    """A CycleGAN with a history of images on the two domains of shapes."""
    config = default_config()
    config.model = {
        "name": "cyclegan",
        "image_size": 16,
        "filters": 4,
        "num_blocks": 1,
        "discriminator_filters": 4,
        "discriminator_layers": 1,
        "pool_size": 5,
    }
    config.data = {"source": "shapes", "size": 16, "num_examples": 40, "num_test": 4}
    return _with(config, changes)


def _with(config, changes):
    config.batch_size = 8
    config.images = 80
    config.log_every = 24
    config.sample_every = 32
    config.checkpoint_every = 40
    config.num_samples = 4
    config.update(changes)
    return config


def written(workdir):
    """What every run of the same config must repeat to the last bit."""
    files = {"metrics": (workdir / "metrics.jsonl").read_bytes()}
    files.update({p.name: p.read_bytes() for p in (workdir / "samples").iterdir()})
    return files


def same_numbers(model, other):
    """Whether all variables of two models, optimizers included, are equal to the last bit."""
    pairs = [
        (np.asarray(a), np.asarray(b))
        for first, second in zip(_states(model), _states(other), strict=True)
        for a, b in zip(first, second, strict=True)
    ]
    return len(pairs) > 10 and all(np.array_equal(a, b) for a, b in pairs)


def _states(model):
    optimizers = [[v.numpy() for v in o.variables] for o in model.optimizers.values()]
    return [model.get_weights(), *optimizers]
