"""Ready arguments of `NextFrame`."""

PRESETS = {
    # The paper's networks and patches, with all three losses.
    "paper": {"image_size": 32},
    # The networks of the authors' training script, with its losses.
    "released": {
        "image_size": 32,
        "architecture": "released",
        "adversarial_weight": 0.01,
        "gdl_weight": 0.0,
    },
    # For frames of 32 pixels on a CPU.
    "small": {"image_size": 32, "architecture": "small"},
    # Small enough for tests.
    "tiny": {
        "image_size": 8,
        "channels": 1,
        "num_history": 2,
        "num_served": 2,
        "architecture": "tiny",
        "ema_half_life": 100.0,
    },
}
