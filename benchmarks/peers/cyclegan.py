"""Peer of CycleGAN."""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn.functional import l1_loss

from benchmarks.peers.peer import Peer, adam, averaging, chain, expect, noise

# === Networks ===


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


def translator(inputs, outputs, filters, num_blocks, num_downsamplings, norm, norm_bias):
    """Returns CycleGAN's generator."""
    use_bias = norm_bias or norm == "none"

    def normalized(name, convolution):
        layers = {f"{name}_convolution": convolution}
        if norm == "instance":
            layers[f"{name}_norm"] = nn.InstanceNorm2d(convolution.out_channels)
        return layers

    def convolved(name, *arguments):
        return normalized(name, nn.Conv2d(*arguments, bias=use_bias))

    layers = {"stem_padding": nn.ReflectionPad2d(3), **convolved("stem", inputs, filters, 7)}
    layers["stem_relu"] = nn.ReLU()
    width = filters
    for index in range(num_downsamplings):
        layers |= convolved(f"down_{index}", width, 2 * width, 3, 2, 1)
        layers[f"down_{index}_relu"] = nn.ReLU()
        width *= 2
    for index in range(num_blocks):
        block = {"padding_a": nn.ReflectionPad2d(1), **convolved("a", width, width, 3)}
        block |= {"relu": nn.ReLU(), "padding_b": nn.ReflectionPad2d(1)}
        block |= convolved("b", width, width, 3)
        layers[f"block_{index}"] = Residual(OrderedDict(block))
    for index in range(num_downsamplings):
        up = nn.ConvTranspose2d(width, width // 2, 3, 2, 1, output_padding=1, bias=use_bias)
        layers |= normalized(f"up_{index}", up)
        layers[f"up_{index}_relu"] = nn.ReLU()
        width //= 2
    head = nn.Conv2d(width, outputs, 7)
    layers |= {"head_padding": nn.ReflectionPad2d(3), "head_convolution": head, "tanh": nn.Tanh()}
    return chain(layers)


def patchgan(channels, filters, num_layers, norm_bias, norm_affine=False):
    """Returns CycleGAN's and pix2pix' discriminator."""
    layers, width = {}, channels
    for index in range(num_layers + 1):
        outputs = filters * min(2**index, 8)
        stride = 2 if index < num_layers else 1
        convolution = nn.Conv2d(width, outputs, 4, stride, 1, bias=norm_bias or index == 0)
        layers[f"convolution_{index}"] = convolution
        if index:
            layers[f"norm_{index}"] = nn.InstanceNorm2d(outputs, affine=norm_affine)
        layers[f"leaky_relu_{index}"] = nn.LeakyReLU(0.2)
        width = outputs
    return chain({**layers, "logits": nn.Conv2d(width, 1, 4, 1, 1)})


# === Training step ===


class CycleGANPeer(Peer):
    """CycleGAN's step: both generators, then both discriminators on fakes of the history."""

    served = "generator_ab"

    def __init__(self, settings):
        expect(settings, activation="relu")
        size = settings["image_size"] or 256
        self.sides = (size, size) if isinstance(size, int) else tuple(size)
        self.channels = {name: settings[f"channels_{name}"] or 3 for name in "ab"}
        num_blocks = settings["num_blocks"] or (9 if min(self.sides) >= 256 else 6)
        names = ("filters", "num_downsamplings", "norm_bias")
        shared = {name: settings[name] for name in names}
        shared |= {"num_blocks": num_blocks, "norm": settings["translator_norm"]}
        a, b = self.channels.values()
        judging = {
            "filters": settings["discriminator_filters"],
            "num_layers": settings["discriminator_layers"],
            "norm_bias": settings["norm_bias"],
        }
        self.networks = {
            "generator_ab": translator(a, b, **shared),
            "generator_ba": translator(b, a, **shared),
            "discriminator_a": patchgan(a, **judging),
            "discriminator_b": patchgan(b, **judging),
        }
        self.g_ab, self.g_ba, self.d_a, self.d_b = self.networks.values()
        self.cycle_weight = settings["cycle_weight"]
        self.identity_weight = settings["identity_weight"]
        self.pool_size, self.pools = settings["pool_size"], ([], [])
        self.g_adam, self.d_adam = adam(self.g_ab, self.g_ba), adam(self.d_a, self.d_b)
        self.average = averaging(settings["ema_half_life"], self.g_ab, self.g_ba)

    def random_batch(self, batch_size):
        return {
            name: torch.rand(batch_size, channels, *self.sides) * 2 - 1
            for name, channels in self.channels.items()
        }

    def draw(self, batch_size):
        """Returns for each fake whether it is exchanged (below 0), and the place in the history."""
        return {f"pool_{name}_coins": noise("uniform", batch_size, 2) for name in "ab"}

    def train_step(self, batch, drawn):
        a, b = batch["a"], batch["b"]
        g_ab, g_ba, d_a, d_b = self.g_ab, self.g_ba, self.d_a, self.d_b
        for d in (d_a, d_b):
            d.requires_grad_(False)
        self.g_adam.zero_grad()
        fake_b, fake_a = g_ab(a), g_ba(b)
        g_loss = ((d_a(fake_a) - 1) ** 2).mean() + ((d_b(fake_b) - 1) ** 2).mean()
        cycles = l1_loss(g_ba(fake_b), a) + l1_loss(g_ab(fake_a), b)
        g_loss = g_loss + self.cycle_weight * cycles
        if self.identity_weight:
            g_loss = g_loss + self.identity_weight * (l1_loss(g_ba(a), a) + l1_loss(g_ab(b), b))
        g_loss.backward()
        self.g_adam.step()

        for d in (d_a, d_b):
            d.requires_grad_(True)
        self.d_adam.zero_grad()
        fake_a = self._from_history(self.pools[0], fake_a.detach(), drawn["pool_a_coins"])
        fake_b = self._from_history(self.pools[1], fake_b.detach(), drawn["pool_b_coins"])
        d_loss = sum(
            (((d(real) - 1) ** 2).mean() + (d(fake) ** 2).mean()) / 2
            for d, real, fake in ((d_a, a, fake_a), (d_b, b, fake_b))
        )
        d_loss.backward()
        self.d_adam.step()
        self.average()
        return {"generators/loss": g_loss, "discriminators/loss": d_loss}

    def _from_history(self, pool, images, coins):
        given = []
        for image, (chance, place) in zip(images, coins.tolist(), strict=True):
            if len(pool) < self.pool_size:
                pool.append(image)
            elif self.pool_size and chance < 0:
                index = int((place + 1) / 2 * self.pool_size)
                pool[index], image = image, pool[index]
            given.append(image)
        return torch.stack(given)


build = CycleGANPeer
