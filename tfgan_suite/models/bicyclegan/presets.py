"""Ready arguments of `BicycleGAN`."""

PRESETS = {
    # The authors' networks.
    "paper_256": {"image_size": 256},
    # For images of 64 pixels on a CPU.
    "small_64": {
        "image_size": 64,
        "filters": 24,
        "encoder_filters": 16,
        "discriminator_filters": 24,
        "discriminator_layers": 2,
    },
    # Small enough for tests.
    "tiny": {
        "image_size": 16,
        "latent_size": 4,
        "filters": 4,
        "num_downsamplings": 2,
        "encoder_filters": 4,
        "encoder_blocks": 1,
        "discriminator_filters": 4,
        "discriminator_layers": 1,
        "ema_half_life": 100.0,
    },
}
