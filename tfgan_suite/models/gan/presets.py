"""Ready arguments of `GAN`."""

PRESETS = {
    # The authors' MNIST networks, but for the initial bias of G's output, and latents (their
    # recipe: SGD with momentum, see the README).
    "paper_mnist": {
        "networks": {"name": "maxout_mnist"},
        "latent_distribution": "unit_uniform",
    },
    # What became usual later: LeakyReLU, tanh images, normal latents, Adam. Dropout and small
    # initial weights hold the discriminator back; without them the generator gives specks only.
    "modern_mnist": {
        "networks": {
            "name": "mlp",
            "sample_shape": [28, 28, 1],
            "discriminator_hidden_units": [1024, 512, 256],
            "generator_activation": "leaky_relu",
            "discriminator_dropout": 0.3,
            "kernel_initializer": {
                "class_name": "RandomNormal",
                "config": {"mean": 0.0, "stddev": 0.02},
            },
        }
    },
    # R3GAN's game and kind of network for 32 pixels, with CIFAR-10's first gamma, narrower.
    "relativistic_32": {
        "networks": {"name": "residual", "image_size": 32},
        "loss": "relativistic",
        "r1": 0.05,
        "r2": 0.05,
    },
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
