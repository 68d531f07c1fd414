"""Ready arguments of `DiscoGAN`."""

PRESETS = {
    # The authors' code for 64 pixels; batches of 64.
    "code_64": {
        "objective": "code",
        "discriminator_every": 3,
        "curriculum_images": 640_000,
        "weight_decay": 1e-5,
    },
    # Points in the plane: the paper's first experiment.
    "points": {
        "point_size": 2,
        "hidden_units": (128, 128),
        "discriminator_hidden_units": (128, 128, 128, 128),
    },
    # 32 pixels on two CPU cores.
    "small_32": {"image_size": 32, "filters": 32, "batch_norm_group_size": 16},
    # Small enough for tests.
    "tiny": {
        "image_size": 16,
        "channels_b": 1,
        "filters": 4,
        "objective": "code",
        "curriculum_images": 20,
        "weight_decay": 1e-5,
        "batch_norm_group_size": 4,
        "matching_group_size": 4,
        "ema_half_life": 100.0,
    },
}
