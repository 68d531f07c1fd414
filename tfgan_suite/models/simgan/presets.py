"""Ready arguments of `SimGAN`."""

PRESETS = {
    # The paper's gaze experiment; batches of 512.
    "gaze": {},
    # The same eyes on two CPU cores; batches of 32.
    "small_gaze": {
        "filters": 16,
        "num_blocks": 2,
        "discriminator_filters": 48,
        "refiner_images": 16_000,
        "discriminator_images": 3_200,
        "history_size": 2_000,
    },
    # Small enough for tests.
    "tiny": {
        "image_shape": (8, 12, 1),
        "filters": 4,
        "num_blocks": 1,
        "discriminator_filters": 6,
        "refiner_images": 0,
        "discriminator_images": 0,
        "history_size": 12,
        "ema_half_life": 100.0,
    },
}
