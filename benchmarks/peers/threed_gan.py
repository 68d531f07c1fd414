"""Peer of 3D-GAN."""

import math

import torch
from torch import nn

from benchmarks.peers import losses
from benchmarks.peers.peer import Peer, adam, averaging, chain, expect, noise
from benchmarks.peers.weights import of_map, to_map

BASE = 4


def volume_generator(side, latent_size, filters):
    """Returns 3D-GAN's generator, with transposed convolutions."""
    doublings = (side // BASE).bit_length() - 1
    width = filters * 2 ** (doublings - 1)
    base = (width, BASE, BASE, BASE)
    projection = nn.Linear(latent_size, math.prod(base), bias=False)
    layers = {"projection": to_map(projection, base), "base": nn.Unflatten(1, base)}
    for doubling in range(doublings):
        size = BASE * 2**doubling
        if doubling:
            layers |= _doubled(width, width // 2, size)
            width //= 2
        layers |= {f"norm_{size}": nn.BatchNorm3d(width), f"relu_{size}": nn.ReLU()}
    return chain({**layers, **_doubled(width, 1, side), "volumes": nn.Sigmoid()})


def volume_discriminator(side, filters):
    """Returns 3D-GAN's discriminator."""
    layers, width, size = {}, 1, side
    while size > BASE:
        size //= 2
        outputs = 2 * width if layers else filters
        convolution = nn.Conv3d(width, outputs, 4, 2, 1, bias=False)
        layers[f"convolution_{size}"] = convolution
        if width > 1:
            layers[f"norm_{size}"] = nn.BatchNorm3d(outputs)
        layers[f"features_{size}"] = nn.LeakyReLU(0.2)
        width = outputs
    features = (width, BASE, BASE, BASE)
    logits = of_map(nn.Linear(math.prod(features), 1, bias=False), features)
    return chain({**layers, "flatten": nn.Flatten(), "logits": logits})


def _doubled(inputs, outputs, size):
    name = f"transposed_convolution_{size}"
    return {name: nn.ConvTranspose3d(inputs, outputs, 4, 2, 1, bias=False)}


class ThreeDGANPeer(Peer):
    """D learns where it is right about few enough volumes of the batch, then G."""

    def __init__(self, settings):
        expect(settings, batch_norm_group_size=None)
        self.side, self.latent_size = settings["side"], settings["latent_size"]
        self.generator = volume_generator(self.side, self.latent_size, settings["filters"])
        self.discriminator = volume_discriminator(self.side, settings["filters"])
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.loss = losses.get(settings["loss"])
        self.gate = settings["accuracy_gate"]
        self.distribution = settings["latent_distribution"]
        self.d_adam = adam(self.discriminator, learning_rate=1e-5)
        self.g_adam = adam(self.generator, learning_rate=0.0025)
        self.average = averaging(settings["ema_half_life"], self.generator)

    def random_batch(self, batch_size):
        return {"volume": (torch.rand(batch_size, 1, *[self.side] * 3) > 0.5).float()}

    def draw(self, batch_size):
        return {
            name: noise(self.distribution, batch_size, self.latent_size)
            for name in ("discriminator_latents", "generator_latents")
        }

    def train_step(self, batch, drawn):
        with torch.no_grad():
            fake = self.generator(drawn["discriminator_latents"])
        self.discriminator.requires_grad_(True)
        real_logits, fake_logits = self.discriminator(batch["volume"]), self.discriminator(fake)
        d_loss = self.loss.discriminator(real_logits, fake_logits)
        right = (real_logits > 0).float().mean() + (fake_logits < 0).float().mean()
        if right / 2 <= self.gate:
            self.d_adam.zero_grad()
            d_loss.backward()
            self.d_adam.step()
        self.discriminator.requires_grad_(False)
        self.g_adam.zero_grad()
        g_loss = self.loss.generator(self.discriminator(self.generator(drawn["generator_latents"])))
        g_loss.backward()
        self.g_adam.step()
        self.average()
        return {"discriminator/loss": d_loss, "generator/loss": g_loss}


build = ThreeDGANPeer
