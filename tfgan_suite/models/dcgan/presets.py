"""Ready arguments of `DCGAN`."""

PRESETS = {
    # The authors' 64-pixel network for faces and bedrooms: 5 x 5 kernels, 128 filters.
    "paper_64": {"image_size": 64, "filters": 128, "kernel_size": 5},
    # The authors' Torch port, which most people know: 4 x 4 kernels, 64 filters.
    "torch_64": {
        "image_size": 64,
        "filters": 64,
        "kernel_size": 4,
        "projection_norm": "channels",
    },
    # Small enough for tests.
    "tiny": {
        "image_size": 16,
        "channels": 1,
        "filters": 4,
        "latent_size": 8,
        "batch_norm_group_size": 4,
        "ema_half_life": 100.0,
    },
}
