"""The PyTorch peers are the same networks and train."""

import numpy as np
import pytest

from tfgan_suite import models

pytest.importorskip("torch")  # the extra `benchmarks`

GANS = {
    "dcgan": {"name": "dcgan", "image_size": 32, "filters": 4, "kernel_size": 4},
    "dcgan, norm by channels": {
        "name": "dcgan",
        "image_size": 16,
        "channels": 1,
        "filters": 4,
        "kernel_size": 4,
        "projection_norm": "channels",
    },
    "gan": {"name": "gan", "preset": "modern_mnist", "loss": "non_saturating"},
    "lsgan": {
        "name": "lsgan",
        "labels": "zero_one",
        "networks": {
            "name": "mlp",
            "sample_shape": [2],
            "latent_size": 32,
            "generator_hidden_units": [16],
            "discriminator_hidden_units": [16],
            "output_activation": None,
        },
    },
}
CYCLEGAN = {
    "name": "cyclegan",
    "image_size": 32,
    "filters": 4,
    "num_blocks": 1,
    "discriminator_filters": 4,
    "discriminator_layers": 2,
    "ema_half_life": 100.0,
}


def counts(model, *networks):
    return [
        sum(int(np.prod(v.shape)) for v in getattr(model, network).trainable_variables)
        for network in networks
    ]


def torch_counts(*networks):
    return [sum(p.numel() for p in network.parameters()) for network in networks]


@pytest.mark.parametrize("config", GANS.values(), ids=GANS)
def test_gans(config):
    from benchmarks.peers import pytorch

    networks = pytorch.gan_networks(pytorch.resolved(config))
    assert torch_counts(*networks) == counts(models.build(config), "generator", "discriminator")
    run_step = pytorch.training_step(config, batch=4)
    assert np.isfinite([run_step(), run_step()]).all()


@pytest.mark.parametrize("translator", [{}, {"num_downsamplings": 0, "translator_norm": "none"}])
def test_cyclegan(translator):
    from benchmarks.peers import pytorch

    config = CYCLEGAN | translator
    networks = pytorch.generator_of(config), pytorch.patchgan(filters=4, num_layers=2)
    expected = counts(models.build(config), "generator_ab", "discriminator_a")
    assert torch_counts(*networks) == expected
    run_step = pytorch.training_step(config, batch=2)
    assert np.isfinite([run_step(), run_step()]).all()
