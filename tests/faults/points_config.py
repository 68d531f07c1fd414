"""A game on points, as small as can be, for programs that are started often."""

from tfgan_suite.runs import default_config


def get_config():
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
    config.batch_size = 8
    config.images = 80
    config.log_every = 24
    config.sample_every = 32
    config.checkpoint_every = 40
    config.num_samples = 4
    return config
