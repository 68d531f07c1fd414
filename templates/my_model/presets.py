"""Ready arguments of `AdversarialAutoencoder`."""

PRESETS = {
    "paper": {"hidden_units": 64},
    # Small enough for tests; smooth activations, so that rounding stays rounding.
    "tiny": {"hidden_units": 8, "ema_half_life": 100.0},
}
