"""The PyTorch peers are the models of the package: the same weights give the same losses."""

import numpy as np
import pytest
import tensorflow as tf

from benchmarks import peers
from tfgan_suite import models, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.signatures import latents_from_seeds
from tfgan_suite.training.step import Step, enter_step

torch = pytest.importorskip("torch")  # the extra `benchmarks`
torch.set_num_threads(1)  # small networks, and threads that spin beside other tests

BATCH = 4
MLP = {"name": "mlp", "latent_size": 6, "generator_hidden_units": [8]}
CYCLEGAN = {
    "name": "cyclegan",
    "image_size": 16,
    "filters": 4,
    "num_blocks": 2,
    "discriminator_filters": 4,
    "discriminator_layers": 2,
}
GROWING = {
    "image_size": 32,
    "latent_size": 6,
    "filters_base": 64,
    "filters_max": 8,
    "deviation_group": 2,
}
CONFIGS = {
    "gan": {"name": "gan", "networks": {**MLP, "sample_shape": [4, 5, 3]}},
    "gan, leaky": {
        "name": "gan",
        "preset": "modern_mnist",
        "networks": {
            **MLP,
            "sample_shape": [28, 28, 1],
            "generator_activation": "leaky_relu",
            "discriminator_hidden_units": [9, 7],
        },
    },
    "lsgan": {
        "name": "lsgan",
        "networks": {**MLP, "sample_shape": [2], "output_activation": None},
    },
    "lsgan, the paper's mixture": {"name": "lsgan", "preset": "tiny", "labels": "pearson"},
    "dcgan, 4 x 4": {"name": "dcgan", "image_size": 32, "filters": 4, "kernel_size": 4},
    "dcgan, 5 x 5": {"name": "dcgan", "image_size": 28, "base_size": 7, "filters": 4},
    "dcgan, norm by channels": {
        "name": "dcgan",
        "image_size": 16,
        "channels": 1,
        "filters": 4,
        "kernel_size": 4,
        "projection_norm": "channels",
        "ema_half_life": 100.0,
    },
    "cyclegan": {**CYCLEGAN, "pool_size": 6, "ema_half_life": 100.0},
    "cyclegan, no norm": {
        **CYCLEGAN,
        "channels_a": 1,
        "num_downsamplings": 0,
        "translator_norm": "none",
        "identity_weight": 0.0,
        "norm_bias": True,
    },
    "pix2pix": {"name": "pix2pix", "preset": "tiny", "dropout": 0.0},
    "pix2pix, deeper": {
        "name": "pix2pix",
        "image_size": [16, 32],
        "channels_a": 1,
        "filters": 4,
        "dropout": 0.0,
        "discriminator_filters": 4,
        "patch_size": 34,
        "loss": "least_squares",
        "l1_weight": 10.0,
    },
    "pixelcnn": {"name": "pixelrnn", "preset": "tiny"},
    "pixelcnn, colours and levels": {
        "name": "pixelrnn",
        "image_size": [5, 4],
        "channels": 3,
        "levels": 4,
        "hidden_size": 6,
        "blocks": 2,
    },
    "progan": {**GROWING, "name": "progan", "first_size": 32, "drift": 1.0},
    "progan, first stage": {
        "name": "progan",
        "preset": "tiny",
        "loss": "non_saturating",
        "gradient_penalty": 0.0,
        "r1": 5.0,
        "learning_rates": {4: 2e-3},
    },
    "srresnet": {
        "name": "srgan",
        "preset": "tiny",
        "pixel_images": 1000,
        "batch_norm_group_size": None,
        "num_blocks": 2,
        "learning_rates": [3e-4, 1e-4, 1e-5],
    },
    "srresnet, twice": {
        "name": "srgan",
        "preset": "tiny",
        "pixel_images": 1000,
        "batch_norm_group_size": None,
        "scale": 2,
        "channels": 1,
        "pixel_distance": "l1",
        "norm_bias": True,
        "ema_half_life": None,
    },
    "stylegan": {**GROWING, "name": "stylegan", "first_size": 32, "mapping_layers": 2},
    "stylegan, first stage": {
        "name": "stylegan",
        "preset": "tiny",
        "loss": "wasserstein",
        "gradient_penalty": 10.0,
        "r1": 0.0,
        "drift": 1.0,
        "mixing_probability": 0.0,
    },
    "3d-gan": {"name": "threed_gan", "preset": "tiny", "batch_norm_group_size": None},
    "3d-gan, never behind": {
        "name": "threed_gan",
        "side": 16,
        "filters": 4,
        "latent_size": 5,
        "accuracy_gate": 0.0,
        "latent_distribution": "normal",
    },
    "3d-gan, always behind": {
        "name": "threed_gan",
        "side": 16,
        "filters": 4,
        "latent_size": 5,
        "accuracy_gate": 1.0,
    },
}
PIXELCNNS = [name for name in CONFIGS if name.startswith("pixelcnn")]


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_first_losses_agree(config):
    """Those of the second player hold the first one's update against ours, too."""
    from benchmarks.peers.weights import copy_weights

    model, peer = models.build(config), peers.build(config)
    model.compile(run_eagerly=True)  # two steps are taken sooner than traced
    scatter_weights(model)
    copy_weights(model, peer)
    for index in range(2):
        batch = testing.random_batch(model, BATCH, seed=index)
        losses = peer.train_step(to_torch(batch), to_torch(drawn_in_step(model, peer, index)))
        ours = model.train_on_batch(batch, return_dict=True)
        theirs = {name: loss.item() for name, loss in losses.items()}
        assert theirs == pytest.approx({name: ours[name] for name in losses}, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("name", PIXELCNNS)
def test_pixelcnn_draws_the_same_images(name):
    """In the peer's both ways; of the same numbers."""
    from benchmarks.peers.weights import copy_weights, images_first

    config = {**CONFIGS[name], "ema_half_life": None}
    model, peer = models.build(config), peers.build(config)
    scatter_weights(model)
    copy_weights(model, peer)
    seeds = np.arange(BATCH)
    uniform = latents_from_seeds(seeds, int(np.prod(model.image_shape)), "hypercube")
    uniform = images_first(np.reshape(uniform, (BATCH, *model.image_shape)))
    ours = images_first(model.sample(seeds)).numpy()
    assert len(np.unique(ours)) == model.levels
    np.testing.assert_allclose(peer.sample(uniform).numpy(), ours, atol=1e-6)
    np.testing.assert_allclose(peer.sample_naively(uniform).numpy(), ours, atol=1e-6)
    part = peer.sample_naively(uniform, num_pixels=5).numpy()
    assert not part[:, :, 2:].any()


@pytest.mark.parametrize(
    "name", ["lsgan", "cyclegan", "pix2pix", "pixelcnn", "progan", "srresnet", "stylegan", "3d-gan"]
)
def test_peers_train_on_noise(name):
    run_step = peers.training_step(CONFIGS[name], BATCH)
    first, second = run_step(), run_step()
    assert np.isfinite([first, second]).all() and first != second


def test_a_peer_refuses_what_it_does_not_know():
    with pytest.raises(UserInputError, match="'dcgan' knows upsampling='transposed_convolution'"):
        peers.build({"name": "dcgan", "upsampling": "resize_convolution"})
    with pytest.raises(UserInputError, match="knows the networks mlp, mixture.*'maxout_mnist'"):
        peers.build({"name": "gan", "preset": "paper_mnist"})
    with pytest.raises(UserInputError, match="'stylegan' knows architecture='stylegan' alone"):
        peers.build({"name": "stylegan", "preset": "stylegan2_tiny"})
    with pytest.raises(UserInputError, match="peer of SRGAN trains its SRResNet alone"):
        peers.build({"name": "srgan", "preset": "tiny", "batch_norm_group_size": None})
    with pytest.raises(UserInputError, match="no peer of the model 'egan'"):
        peers.check(["gan", "egan"])
    with pytest.raises(UserInputError, match="know the losses .*'hinge'"):
        peers.build({"name": "gan", "preset": "tiny", "loss": "hinge"})


def test_networks_of_other_weights_are_refused():
    from benchmarks.peers.weights import copy_weights

    model = models.build({"name": "gan", "preset": "tiny"})
    networks = {**MLP, "sample_shape": [4, 4, 1], "discriminator_hidden_units": [8]}
    with pytest.raises(ValueError, match=r"hidden_0.weight is \(8, 6\); ours becomes \(8, 4\)"):
        copy_weights(model, peers.build({"name": "gan", "networks": networks}))
    deeper = {**networks, "latent_size": 4, "generator_hidden_units": [8, 8]}
    with pytest.raises(ValueError, match="hidden_1_bias"):
        copy_weights(model, peers.build({"name": "gan", "networks": deeper}))


def scatter_weights(model):
    """Gives weights that begin as 0 or 1 other values, so that each has a part in the losses."""
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:
        noise = rng.normal(size=variable.shape, scale=0.1)
        variable.assign(variable + noise.astype("float32"))


def drawn_in_step(model, peer, index):
    """Returns what our step draws, in the form of the peer's `draw`."""
    step = Step(
        index=tf.constant(index, tf.int64),
        position=tf.constant(index, tf.int64),
        training=True,
        local_batch=BATCH,
        num_replicas=1,
        replica_id=tf.constant(0),
        stop_vote=tf.constant(0.0),
        stop=tf.constant(0.0),
    )
    draws = peer.draw(BATCH)

    def drawn(name):
        if name == "epsilon":
            return model.noise(name, (), "uniform") / 2 + 0.5
        if name in ("discriminator", "generator"):  # StyleGAN's latents, mixing and noise
            return model.drawn(name)
        return model.noise(name, draws[name].shape[1:], getattr(peer, "distribution", "uniform"))

    with enter_step(step):
        return {name: drawn(name) for name in draws}


def to_torch(values):
    """Returns a structure of arrays, images and volumes among them, as PyTorch has them."""
    from benchmarks.peers.weights import images_first

    def converted(value):
        value = np.array(value)
        return images_first(value) if value.ndim >= 4 else torch.from_numpy(value)

    return tf.nest.map_structure(converted, values)
