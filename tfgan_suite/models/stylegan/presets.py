"""Ready arguments of `StyleGAN`."""

_STYLEGAN2 = {
    "architecture": "stylegan2",
    "truncation": 0.5,
    "truncated_layers": 18,
    "path_length": 2.0,
    "path_length_every": 4,
    "r1_every": 16,
}

PRESETS = {
    # The authors' FFHQ run on eight GPUs; 25 million images.
    "paper_1024": {
        "image_size": 1024,
        "batch_sizes": {8: 256, 16: 128, 32: 64, 64: 32},
        "learning_rates": {8: 1e-3, 128: 1.5e-3, 256: 2e-3, 512: 3e-3},
        "ema_half_life": 10_000.0,
    },
    # 64 pixels on two CPU cores.
    "small_64": {
        "image_size": 64,
        "latent_size": 64,
        "mapping_layers": 4,
        "filters_base": 512,
        "filters_max": 64,
        "stable_images": 8_000,
        "fade_images": 8_000,
        "batch_sizes": {8: 32, 64: 16},
        "r1": 1.0,
        "ema_half_life": 5_000.0,
    },
    # StyleGAN2's configuration F.
    "stylegan2_paper_1024": {
        **_STYLEGAN2,
        "image_size": 1024,
        "first_size": 1024,
        "filters_base": 16384,
        "learning_rates": {1024: 2e-3},
        "ema_half_life": 10_000.0,
    },
    # StyleGAN2 of 64 pixels on two CPU cores.
    "stylegan2_small_64": {
        **_STYLEGAN2,
        "image_size": 64,
        "first_size": 64,
        "latent_size": 64,
        "mapping_layers": 4,
        "filters_base": 512,
        "filters_max": 64,
        "learning_rates": {64: 2e-3},
        "r1": 1.0,
        "ema_half_life": 5_000.0,
    },
    "stylegan2_tiny": {
        **_STYLEGAN2,
        "image_size": 8,
        "first_size": 8,
        "channels": 1,
        "latent_size": 8,
        "mapping_layers": 2,
        "filters_base": 32,
        "filters_max": 8,
        "path_length_every": 2,
        "r1_every": 3,
        "deviation_group": 2,
        "ema_half_life": 100.0,
    },
    # Small enough for tests.
    "tiny": {
        "image_size": 8,
        "channels": 1,
        "latent_size": 8,
        "mapping_layers": 2,
        "filters_base": 32,
        "filters_max": 8,
        "first_size": 4,
        "stable_images": 16,
        "fade_images": 64,
        "deviation_group": 2,
        "ema_half_life": 100.0,
    },
}
