"""Peer of ProGAN in the first stage of its growth, where nothing fades.

`first_size` is the size of this stage: with `first_size` equal to `image_size`, the last stage's
networks.
"""

import torch
from torch import nn
from torch.nn import functional

from benchmarks.peers import losses
from benchmarks.peers.layers import (
    HE_GAIN,
    Bias,
    EqualizedConv2d,
    EqualizedLinear,
    MinibatchDeviation,
    PixelNorm,
)
from benchmarks.peers.peer import Peer, adam, averaging, chain, expect, noise
from benchmarks.peers.weights import of_map, to_map
from tfgan_suite.networks.progressive import part_of

# === Networks ===


def sizes_to(size):
    return [4 * 2**i for i in range(size.bit_length() - 2)]


def activation():
    return nn.LeakyReLU(0.2)


def generator(size, channels, latent_size, filters):
    """Returns ProGAN's generator of images of one size.

    Args:
        size, channels: of the images.
        latent_size: int.
        filters: function from a size to its channels.
    """
    width = filters(4)
    dense = EqualizedLinear(latent_size, 16 * width, HE_GAIN / 4, bias=False)
    layers = {
        "norm_latents": PixelNorm(),
        "dense": to_map(dense, (width, 4, 4)),
        "base": nn.Unflatten(1, (width, 4, 4)),
        "bias_4": Bias(width),
        "activation_4_a": activation(),
        "norm_4_a": PixelNorm(),
    }

    def convolved(name, inputs, outputs):
        return {
            f"convolution_{name}": EqualizedConv2d(inputs, outputs, 3),
            f"activation_{name}": activation(),
            f"norm_{name}": PixelNorm(),
        }

    for each in sizes_to(size):
        if each > 4:
            layers[f"up_{each}"] = nn.Upsample(scale_factor=2)
            layers |= convolved(f"{each}_a", width, filters(each))
        width = filters(each)
        layers |= convolved(f"{each}_b", width, width)
    return chain({**layers, f"image_{size}": EqualizedConv2d(width, channels, 1, gain=1.0)})


def discriminator(size, channels, filters, deviation_group, smooth=None):
    """Returns ProGAN's discriminator of images of one size.

    Args:
        size, channels, filters: see `generator`.
        deviation_group: int. Examples that it compares.
        smooth: None, or a function from channels to a layer that stands before each downsampling.
    """
    width = filters(size)
    layers = {f"from_image_{size}": EqualizedConv2d(channels, width, 1), "leaky": activation()}
    for each in reversed(sizes_to(size)[1:]):
        smaller = filters(each // 2)
        layers |= {
            f"convolution_{each}_a": EqualizedConv2d(width, width, 3),
            f"activation_{each}_a": activation(),
            **({f"smooth_{each}": smooth(width)} if smooth else {}),
            f"convolution_{each}_b": EqualizedConv2d(width, smaller, 3),
            f"activation_{each}_b": activation(),
            f"pool_{each}": nn.AvgPool2d(2),
        }
        width = smaller
    dense = EqualizedLinear(16 * width, width)
    return chain(
        {
            **layers,
            "deviation": MinibatchDeviation(deviation_group),
            "convolution_4": EqualizedConv2d(width + 1, width, 3),
            "activation_4": activation(),
            "flatten": nn.Flatten(),
            "dense": of_map(dense, (width, 4, 4)),
            "activation_dense": activation(),
            "score": EqualizedLinear(width, 1, gain=1.0),
        }
    )


# === Training step ===


class ProGANPeer(Peer):
    """A stable stage: D's loss with gradient penalty, R1 and drift, then G's."""

    def __init__(self, settings):
        expect(settings, critic_steps=1, r2=0.0)
        self.size, self.latent_size = settings["first_size"], settings["latent_size"]
        self.image_size, self.channels = settings["image_size"], settings["channels"]
        self.distribution = settings["latent_distribution"]
        self.loss = losses.get(settings["loss"])
        self.penalties = {name: settings[name] for name in ("gradient_penalty", "r1", "drift")}
        self.networks = self.make_networks(settings)
        self.discriminator = self.networks["discriminator"]
        rates = {int(size): rate for size, rate in dict(settings["learning_rates"] or {}).items()}
        adam_settings = {"learning_rate": rates.get(self.size, 1e-3), "betas": (0.0, 0.99)}
        self.d_adam = adam(self.discriminator, **adam_settings)
        makers = [n for name, n in self.networks.items() if name != "discriminator"]
        self.g_adam = adam(*makers, **adam_settings)
        self.average = averaging(settings["ema_half_life"], *makers)

    def make_networks(self, settings):
        filters = filters_of(settings)
        return {
            "generator": generator(self.size, self.channels, self.latent_size, filters),
            "discriminator": discriminator(
                self.size, self.channels, filters, settings["deviation_group"]
            ),
        }

    def counterparts(self, model):
        return {
            "generator": part_of(model.generator, ["latents"], [f"image_{self.size}"]),
            "discriminator": self.part_of_discriminator(model),
        }

    def part_of_discriminator(self, model):
        return part_of(model.discriminator, [f"image_{self.size}"], [f"logit_{self.size}"])

    def random_batch(self, batch_size):
        shape = (batch_size, self.channels, self.image_size, self.image_size)
        return {"image": torch.rand(shape) * 2 - 1}

    def draw(self, batch_size):
        latents = (noise(self.distribution, batch_size, self.latent_size) for _ in ("D", "G"))
        names = ("discriminator_latents", "generator_latents")
        return {**dict(zip(names, latents, strict=True)), "epsilon": torch.rand(batch_size)}

    def images(self, drawn, player):
        """Returns G's images of what a player's update draws."""
        return self.networks["generator"](drawn[f"{player}_latents"])

    def train_step(self, batch, drawn):
        critic = self.discriminator
        real = functional.avg_pool2d(batch["image"], self.image_size // self.size)
        with torch.no_grad():
            fake = self.images(drawn, "discriminator")
        critic.requires_grad_(True)
        self.d_adam.zero_grad()
        real_logits = critic(real)
        d_loss = self.loss.discriminator(real_logits, critic(fake))
        if weight := self.penalties["gradient_penalty"]:
            d_loss = d_loss + weight * losses.gradient_penalty(critic, real, fake, drawn["epsilon"])
        if gamma := self.penalties["r1"]:
            d_loss = d_loss + gamma / 2 * losses.squared_gradient_norm(critic, real).mean()
        if weight := self.penalties["drift"]:
            d_loss = d_loss + weight * real_logits.square().mean()
        d_loss.backward()
        self.d_adam.step()
        critic.requires_grad_(False)
        self.g_adam.zero_grad()
        g_loss = self.loss.generator(critic(self.images(drawn, "generator")))
        g_loss.backward()
        self.g_adam.step()
        self.average()
        return {"discriminator/loss": d_loss, "generator/loss": g_loss}


def filters_of(settings):
    """Returns the function from a size to its channels."""
    base, most = settings["filters_base"], settings["filters_max"]
    return lambda size: max(1, min(2 * base // size, most))


build = ProGANPeer
