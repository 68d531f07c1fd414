"""Ready arguments of `CycleGAN`."""

PRESETS = {
    # The paper's networks: 9 blocks at 256 pixels, 6 at 128.
    "paper_256": {"image_size": 256},
    "paper_128": {"image_size": 128},
    # Small enough for tests. The pool is full after two batches. Of a smooth activation rounding
    # stays rounding; ReLU's kink, right behind a norm layer, would amplify it a thousandfold.
    "tiny": {
        "image_size": 16,
        "filters": 4,
        "num_blocks": 1,
        "discriminator_filters": 4,
        "discriminator_layers": 1,
        "pool_size": 12,
        "activation": "softplus",
        "ema_half_life": 100.0,
    },
}
