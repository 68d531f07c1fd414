"""Ready arguments of `ThreeDGAN`."""

PRESETS = {
    # The paper's networks.
    "paper_64": {"side": 64},
    # Narrow, for volumes of 32 voxels a side.
    "small_32": {"side": 32, "filters": 24, "latent_size": 64},
    # Narrow, for volumes of 16 voxels a side, such as the solids of the source `shapes`.
    "small_16": {"side": 16, "filters": 16, "latent_size": 32},
    # Small enough for tests.
    "tiny": {
        "side": 8,
        "filters": 4,
        "latent_size": 4,
        "batch_norm_group_size": 4,
        "ema_half_life": 100.0,
    },
}
