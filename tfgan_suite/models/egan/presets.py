"""Ready arguments of `EGAN`."""

_TOY_NETWORKS = {
    "name": "mlp",
    "sample_shape": [2],
    "latent_size": 2,
    "generator_hidden_units": [512, 512, 512],
    "discriminator_hidden_units": [512, 512, 512],
    "discriminator_activation": "relu",
    "output_activation": None,
    "kernel_initializer": {"class_name": "RandomNormal", "config": {"mean": 0.0, "stddev": 0.02}},
}

PRESETS = {
    # The authors' scripts for points in the plane; their D has a batch norm more.
    "paper_toy": {
        "networks": _TOY_NETWORKS,
        "latent_distribution": "uniform",
        "diversity_weight": 2.0,
        "evaluation_batches": 4,
    },
    # Small enough for tests. Smooth activations, so that rounding stays rounding.
    "tiny": {
        "networks": {
            "name": "mlp",
            "sample_shape": [2],
            "latent_size": 2,
            "generator_hidden_units": [8],
            "discriminator_hidden_units": [8],
            "generator_activation": "softplus",
            "discriminator_activation": "softplus",
            "output_activation": None,
        },
        "diversity_weight": 0.5,
        "critic_steps": 2,
    },
}
