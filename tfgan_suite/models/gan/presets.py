"""Ready arguments of `GAN`."""

PRESETS = {
    # The authors' MNIST networks and latents (their recipe: SGD with momentum, see the README).
    "paper_mnist": {
        "networks": {"name": "maxout_mnist"},
        "latent_distribution": "unit_uniform",
    },
    # What became usual later: LeakyReLU, tanh images, normal latents, Adam.
    "modern_mnist": {"networks": {"name": "mlp", "sample_shape": [28, 28, 1]}},
    # Small enough for tests.
    "tiny": {
        "networks": {
            "name": "mlp",
            "sample_shape": [4, 4, 1],
            "latent_size": 4,
            "generator_hidden_units": [8],
            "discriminator_hidden_units": [8],
        },
        "ema_half_life": 100.0,
    },
}
