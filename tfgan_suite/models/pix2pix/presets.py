"""Ready arguments of `Pix2Pix`."""

PRESETS = {
    # The paper's networks and 70 x 70 patches.
    "paper_256": {"image_size": 256},
    "paper_128": {"image_size": 128},
    # For images of 64 pixels on a CPU.
    "small_64": {
        "image_size": 64,
        "filters": 32,
        "discriminator_filters": 32,
        "patch_size": 34,
    },
    # Small enough for tests.
    "tiny": {
        "image_size": 8,
        "filters": 4,
        "num_downsamplings": 2,
        "discriminator_filters": 4,
        "patch_size": 16,
        "ema_half_life": 100.0,
    },
}
