"""Ready arguments of `TextToImageGAN`."""

PRESETS = {
    # 32 x 32 on two CPU cores.
    "small_32": {
        "image_size": 32,
        "latent_size": 32,
        "max_words": 12,
        "embedding_size": 128,
        "generator_filters": 32,
        "discriminator_filters": 32,
        "batch_norm_group_size": 16,
    },
    # Small enough for tests.
    "tiny": {
        "algorithm": "int_cls",
        "vocabulary": ["a", "large", "small", "red", "blue", "circle", "square"],
        "image_size": 8,
        "latent_size": 4,
        "max_words": 4,
        "embedding_size": 5,
        "text_size": 3,
        "generator_filters": 4,
        "discriminator_filters": 4,
        "batch_norm_group_size": 4,
        "ema_half_life": 100.0,
    },
}
