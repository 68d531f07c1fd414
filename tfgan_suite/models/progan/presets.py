"""Ready arguments of `ProGAN`."""

_IMAGES = {4: 128, 8: 128, 16: 128, 32: 64, 64: 32, 128: 16, 256: 8, 512: 4, 1024: 4}

PRESETS = {
    # The authors' CelebA-HQ run on one GPU; 12 million images.
    "paper_1024": {
        "image_size": 1024,
        "batch_sizes": _IMAGES,
        "learning_rates": {4: 1e-3, 1024: 1.5e-3},
    },
    # 64 pixels on two CPU cores.
    "small_64": {
        "image_size": 64,
        "latent_size": 64,
        "filters_base": 512,
        "filters_max": 64,
        "stable_images": 25_000,
        "fade_images": 25_000,
        "batch_sizes": {4: 64, 32: 32, 64: 16},
    },
    # Small enough for tests.
    "tiny": {
        "image_size": 8,
        "channels": 1,
        "latent_size": 8,
        "filters_base": 32,
        "filters_max": 8,
        "stable_images": 16,
        "fade_images": 64,
        "deviation_group": 2,
        "ema_half_life": 100.0,
    },
}
