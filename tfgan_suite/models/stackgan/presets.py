"""Ready arguments of `StackGAN`."""

PRESETS = {
    # The networks and the objective of the authors' code.
    "authors_256": {},
    # The objective as the paper has it: the whole divergence, no activation before it.
    "paper_256": {
        "leaky_augmentation": False,
        "epsilon_distribution": "normal",
        "kl_reduction": "sum",
        "kl_weight": 1.0,
    },
    # 16 x 16, then 64 x 64, on two CPU cores.
    "small_64": {
        "sizes": (16, 64),
        "latent_size": 32,
        "max_words": 12,
        "embedding_size": 128,
        "condition_size": 32,
        "text_size": 64,
        "generator_filters": 32,
        "discriminator_filters": 32,
        "num_blocks": 2,
        "batch_norm_group_size": 16,
    },
    # Small enough for tests.
    "tiny": {
        "sizes": (8, 16),
        "vocabulary": ["a", "large", "small", "red", "blue", "circle", "square"],
        "latent_size": 4,
        "max_words": 4,
        "embedding_size": 5,
        "condition_size": 3,
        "text_size": 3,
        "generator_filters": 4,
        "discriminator_filters": 4,
        "num_blocks": 1,
        "batch_norm_group_size": 4,
        "ema_half_life": 100.0,
    },
}
