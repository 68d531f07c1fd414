"""Ready arguments of `LAPGAN`."""

PRESETS = {
    # The paper's pyramid for CIFAR-10, with the networks of the authors' code.
    "authors_cifar": {"sizes": (8, 14, 28), "channels": 3},
    # The same by class (CC-LAPGAN).
    "authors_cifar_by_class": {"sizes": (8, 14, 28), "channels": 3, "num_classes": 10},
    # Digits of 32 pixels by class, of a coarsest level that fits them.
    "small_32": {
        "sizes": (8, 16, 32),
        "channels": 1,
        "num_classes": 10,
        "generator_units": (512, 512),
        "discriminator_units": (256, 256),
        "filters": 32,
    },
    # Small enough for tests.
    "tiny": {
        "sizes": (4, 10),
        "channels": 1,
        "num_classes": 3,
        "latent_size": 4,
        "generator_units": (8, 8),
        "discriminator_units": (8, 8),
        "filters": 4,
        "ema_half_life": 100.0,
    },
}
