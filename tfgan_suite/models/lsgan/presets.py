"""Ready arguments of `LSGAN`."""

PRESETS = {
    # The authors' mixture experiment: labels 0, 1, 1 and networks of tanh.
    "paper_mixture": {"networks": {"name": "mixture"}, "labels": "zero_one"},
    # Small enough for tests.
    "tiny": {"networks": {"name": "mixture", "latent_size": 8}, "labels": "pearson"},
}
