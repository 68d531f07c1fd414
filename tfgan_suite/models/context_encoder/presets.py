"""Ready arguments of `ContextEncoder`."""

PRESETS = {
    # The paper's sizes.
    "paper_128": {"image_size": 128},
    # For images of 32 pixels on a CPU.
    "small_32": {"image_size": 32, "filters": 32, "bottleneck": 256},
    # Small enough for tests.
    "tiny": {
        "image_size": 32,
        "filters": 4,
        "bottleneck": 8,
        "batch_norm_group_size": 4,
        "ema_half_life": 100.0,
    },
}
