"""Ready arguments of `VGAN`."""

PRESETS = {
    # The paper's networks: a second of video.
    "paper_64": {"image_size": 64, "num_frames": 32},
    # For clips of 8 frames of 32 pixels on a CPU.
    "small_32": {"image_size": 32, "num_frames": 8, "latent_size": 64, "filters": 16},
    # Small enough for tests.
    "tiny": {
        "image_size": 16,
        "num_frames": 4,
        "channels": 1,
        "latent_size": 8,
        "filters": 2,
        "batch_norm_group_size": 4,
        "ema_half_life": 100.0,
    },
}
