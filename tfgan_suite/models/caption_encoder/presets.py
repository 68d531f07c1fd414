"""Ready arguments of `CaptionEncoder`."""

PRESETS = {
    # For images of 32 x 32 on two CPU cores.
    "small_32": {
        "image_size": 32,
        "max_words": 12,
        "word_size": 32,
        "units": 128,
        "embedding_size": 128,
        "filters": 32,
        "batch_norm_group_size": 16,
        "group_size": 16,
    },
    # Small enough for tests.
    "tiny": {
        "vocabulary": ["a", "large", "small", "red", "blue", "circle", "square"],
        "image_size": 8,
        "max_words": 4,
        "word_size": 4,
        "units": 16,
        "embedding_size": 5,
        "filters": 4,
        "batch_norm_group_size": 4,
        "group_size": 4,
        "ema_half_life": 100.0,
    },
}
