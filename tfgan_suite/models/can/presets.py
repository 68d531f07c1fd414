"""Ready arguments of `CAN`."""

PRESETS = {
    # The paper's images of 256 pixels in 25 styles.
    "paper_256": {"image_size": 256, "num_styles": 25},
    # Narrow, for 32 pixels and the four textures of the source `shapes`.
    "small_32": {
        "image_size": 32,
        "num_styles": 4,
        "filters": 32,
        "max_filters": 128,
        "style_units": (64, 64),
        "latent_size": 64,
    },
    # Small enough for tests.
    "tiny": {
        "image_size": 16,
        "channels": 1,
        "num_styles": 3,
        "filters": 4,
        "max_filters": 8,
        "style_units": (8, 8),
        "latent_size": 4,
        "batch_norm_group_size": 4,
        "ema_half_life": 100.0,
    },
}
