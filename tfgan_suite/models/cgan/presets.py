"""Ready arguments of `CGAN`."""

PRESETS = {
    # The authors' MNIST networks and latents; dropout as the paper is remembered, unconfirmed.
    "paper_mnist": {
        "architecture": "mlp",
        "image_size": 28,
        "channels": 1,
        "num_classes": 10,
        "latent_distribution": "hypercube",
        "dropout": 0.5,
    },
    # Convolutions for MNIST, with a discriminator that tells the class.
    "auxiliary_mnist": {
        "image_size": 28,
        "base_size": 7,
        "channels": 1,
        "num_classes": 10,
        "condition": "auxiliary",
        "filters": 32,
        "latent_size": 64,
    },
    # The same with a projection discriminator under spectral norm.
    "projection_mnist": {
        "image_size": 28,
        "base_size": 7,
        "channels": 1,
        "num_classes": 10,
        "condition": "projection",
        "loss": "hinge",
        "filters": 32,
        "latent_size": 64,
    },
    # Small enough for tests.
    "tiny": {
        "image_size": 8,
        "channels": 1,
        "num_classes": 3,
        "condition": "projection",
        "loss": "non_saturating",
        "filters": 4,
        "latent_size": 4,
        "batch_norm_group_size": 4,
        "critic_steps": 2,
        "ema_half_life": 100.0,
    },
}
