"""Ready arguments of `ThreeDVAEGAN`."""

PRESETS = {
    # The paper's networks, for images of one channel.
    "paper_64": {"side": 64},
    # Narrow, for volumes of 16 voxels a side and images of 64 pixels.
    "small_16": {
        "side": 16,
        "filters": 16,
        "latent_size": 32,
        "image_size": 64,
        "encoder_filters": 32,
    },
    # Small enough for tests.
    "tiny": {
        "side": 8,
        "filters": 4,
        "latent_size": 4,
        "image_size": 32,
        "encoder_filters": 4,
        "num_turns": 3,
        "batch_norm_group_size": 4,
        "ema_half_life": 100.0,
    },
}
