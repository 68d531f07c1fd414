"""Ready arguments of `RecycleGAN`."""

PRESETS = {
    # The paper's squared distances with the networks of the authors' code.
    "paper_256": {"image_size": 256},
    # What the authors' code minimises by its command `recycle_gan`.
    "code_256": {"image_size": 256, "distance": "l1"},
    # Its command `reCycle_gan`: CycleGAN's cycle beside it, and predictors with a stem.
    "code_with_cycle_256": {
        "image_size": 256,
        "distance": "l1",
        "cycle_weight": 10.0,
        "predictor_stem_filters": 8,
        "predictor_downsamplings": 6,
    },
    # For images of 32 pixels on a CPU.
    "small_32": {
        "image_size": 32,
        "filters": 8,
        "num_blocks": 3,
        "predictor_filters": 8,
        "discriminator_filters": 8,
        "discriminator_layers": 2,
    },
    # Small enough for tests. Of a smooth activation rounding stays rounding.
    "tiny": {
        "image_size": 16,
        "filters": 4,
        "num_blocks": 1,
        "predictor_filters": 4,
        "predictor_downsamplings": 2,
        "discriminator_filters": 4,
        "discriminator_layers": 1,
        "cycle_weight": 10.0,
        "identity_weight": 5.0,
        "adversarial_loss_p": True,
        "activation": "softplus",
        "ema_half_life": 100.0,
    },
}
