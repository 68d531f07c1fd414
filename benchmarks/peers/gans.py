"""Peers of GAN, LSGAN and DCGAN."""

import math
from collections.abc import Callable

import torch
from torch import nn

from benchmarks.peers import losses
from benchmarks.peers.peer import Peer, adam, averaging, chain, expect, noise
from benchmarks.peers.weights import of_map, to_map
from tfgan_suite.errors import UserInputError
from tfgan_suite.models.lsgan.lsgan import LABEL_SCHEMES

# === Networks ===


def dcgan_generator(
    image_size, channels, latent_size, filters, kernel_size, projection_norm, base_size
):
    """Returns DCGAN's generator, with transposed convolutions."""
    doublings = (image_size // base_size).bit_length() - 1
    width = filters * 2 ** (doublings - 1)
    base = (width, base_size, base_size)
    units = math.prod(base)
    layers = {"projection": to_map(nn.Linear(latent_size, units, bias=False), base)}
    norm, to_base = f"norm_{base_size}", nn.Unflatten(1, base)
    if projection_norm == "units":
        layers |= {norm: to_map(nn.BatchNorm1d(units), base), "base": to_base}
    else:
        layers |= {"base": to_base, norm: nn.BatchNorm2d(width)}
    for size in (base_size * 2**i for i in range(1, doublings)):
        layers[f"relu_{size // 2}"] = nn.ReLU()
        layers |= _doubled(width, width // 2, kernel_size, size)
        width //= 2
        layers[f"norm_{size}"] = nn.BatchNorm2d(width)
    layers[f"relu_{image_size // 2}"] = nn.ReLU()
    layers |= _doubled(width, channels, kernel_size, image_size)
    return chain({**layers, "tanh": nn.Tanh()})


def dcgan_discriminator(image_size, channels, filters, kernel_size, base_size):
    """Returns DCGAN's discriminator."""
    size, width = image_size // 2, filters
    layers = {**_halved(channels, filters, kernel_size, size), "leaky_relu": nn.LeakyReLU(0.2)}
    while size > base_size:
        size //= 2
        layers |= _halved(width, 2 * width, kernel_size, size)
        width *= 2
        layers |= {f"norm_{size}": nn.BatchNorm2d(width), f"leaky_relu_{size}": nn.LeakyReLU(0.2)}
    features = (width, base_size, base_size)
    logits = of_map(nn.Linear(math.prod(features), 1, bias=False), features)
    return chain({**layers, "features": nn.Flatten(), "logits": logits})


def _same(kernel_size):
    """Returns the zeros before and after, of "same" padding and stride 2, of even sides."""
    before = (kernel_size - 2) // 2
    return before, kernel_size - 2 - before


def _doubled(inputs, outputs, kernel_size, size):
    before, after = _same(kernel_size)
    layers = {
        f"transposed_convolution_{size}": nn.ConvTranspose2d(
            inputs, outputs, kernel_size, 2, before, bias=False
        )
    }
    if after > before:  # odd kernels: what reaches over the end goes
        layers[f"cropping_{size}"] = nn.ZeroPad2d((0, before - after) * 2)
    return layers


def _halved(inputs, outputs, kernel_size, size):
    before, after = _same(kernel_size)
    if before == after:
        convolution = nn.Conv2d(inputs, outputs, kernel_size, 2, before, bias=False)
        return {f"convolution_{size}": convolution}
    return {
        f"padding_{size}": nn.ZeroPad2d((before, after) * 2),
        f"convolution_{size}": nn.Conv2d(inputs, outputs, kernel_size, 2, bias=False),
    }


_ACTIVATIONS = {
    None: nn.Identity,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}


def mlp(
    sample_shape=(28, 28, 1),
    latent_size=100,
    generator_hidden_units=(256, 512, 1024),
    discriminator_hidden_units=(512, 256),
    generator_activation="relu",
    discriminator_activation="leaky_relu",
    discriminator_dropout=0.0,
    output_activation="tanh",
    kernel_initializer=None,
):
    """Returns a generator and a discriminator of dense layers."""
    del kernel_initializer
    shape = (sample_shape[-1], *sample_shape[:-1])
    generator, width = {}, latent_size
    for index, units in enumerate(generator_hidden_units):
        generator[f"hidden_{index}"] = nn.Linear(width, units)
        generator[f"activation_{index}"] = _ACTIVATIONS[generator_activation]()
        width = units
    generator["output"] = to_map(nn.Linear(width, math.prod(shape)), shape)
    generator |= {"reshape": nn.Unflatten(1, shape), "samples": _ACTIVATIONS[output_activation]()}
    discriminator, width = {"flatten": nn.Flatten()}, math.prod(shape)
    for index, units in enumerate(discriminator_hidden_units):
        dense = nn.Linear(width, units)
        discriminator[f"hidden_{index}"] = dense if index else of_map(dense, shape)
        discriminator[f"activation_{index}"] = _ACTIVATIONS[discriminator_activation]()
        if discriminator_dropout:
            discriminator[f"dropout_{index}"] = nn.Dropout(discriminator_dropout)
        width = units
    discriminator["logits"] = nn.Linear(width, 1)
    return chain(generator), chain(discriminator)


def mixture(latent_size=256):
    """Returns LSGAN's networks for points in the plane."""
    return mlp((2,), latent_size, (128, 128), (128, 128), "tanh", "tanh", output_activation=None)


_PAIRS = {"mlp": mlp, "mixture": mixture}


def _pair(settings):
    """Returns generator and discriminator of a model's settings, and the size of latents."""
    if settings["name"] == "dcgan":
        expect(settings, upsampling="transposed_convolution", batch_norm_group_size=None)
        sizes = ("image_size", "channels", "filters", "kernel_size", "base_size")
        shared = {name: settings[name] for name in sizes}
        generator = dcgan_generator(
            latent_size=settings["latent_size"],
            projection_norm=settings["projection_norm"],
            **shared,
        )
        return generator, dcgan_discriminator(**shared)
    networks = dict(settings["networks"] or {"name": "networks of your own"})
    name = networks.pop("name")
    if name not in _PAIRS:
        raise UserInputError(
            f"The PyTorch peer knows the networks {', '.join(_PAIRS)}. Received: {name!r}."
        )
    return _PAIRS[name](**networks)


# === Training step ===


class GANPeer(Peer):
    """Algorithm 1 of the first GAN, with k = 1.

    Args:
        settings: see `settings_of`.
        wrap: what a network's gradients go through: DistributedDataParallel.
    """

    def __init__(
        self,
        settings: dict,
        wrap: Callable[[nn.Module], nn.Module] = lambda network: network,
    ):
        expect(settings, gradient_penalty=0.0, r1=0.0, r2=0.0, critic_steps=1)
        self.generator, self.discriminator = _pair(settings)
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.loss = _loss(settings)
        linear = next(m for m in self.generator.modules() if isinstance(m, nn.Linear))
        self.latent_size, self.distribution = linear.in_features, settings["latent_distribution"]
        self.d_adam, self.g_adam = adam(self.discriminator), adam(self.generator)
        self.average = averaging(settings["ema_half_life"], self.generator)
        self.learning_d, self.learning_g = wrap(self.discriminator), wrap(self.generator)

    def random_batch(self, batch_size):
        with torch.no_grad():
            like = self.generator(self._latents(batch_size))
        name = {4: "image", 2: "point"}.get(like.ndim, "sample")
        return {name: torch.rand_like(like) * 2 - 1}

    def _latents(self, batch_size):
        return noise(self.distribution, batch_size, self.latent_size)

    def draw(self, batch_size):
        return {
            name: self._latents(batch_size)
            for name in ("discriminator_latents", "generator_latents")
        }

    def train_step(self, batch, drawn):
        (real,) = batch.values()
        with torch.no_grad():
            fake = self.generator(drawn["discriminator_latents"])
        self.discriminator.requires_grad_(True)
        self.d_adam.zero_grad()
        d_loss = self.loss.discriminator(self.learning_d(real), self.learning_d(fake))
        d_loss.backward()
        self.d_adam.step()
        self.discriminator.requires_grad_(False)
        self.g_adam.zero_grad()
        fake = self.learning_g(drawn["generator_latents"])
        g_loss = self.loss.generator(self.discriminator(fake))
        g_loss.backward()
        self.g_adam.step()
        self.average()
        return {"discriminator/loss": d_loss, "generator/loss": g_loss}


def _loss(settings):
    if settings["name"] != "lsgan":
        return losses.get(settings["loss"])
    labels = settings["labels"]
    return losses.least_squares(*(LABEL_SCHEMES[labels] if isinstance(labels, str) else labels))


build = GANPeer
