"""Peer of pix2pix."""

import torch
from torch import nn
from torch.nn.functional import l1_loss, leaky_relu, relu

from benchmarks.peers import losses
from benchmarks.peers.cyclegan import patchgan
from benchmarks.peers.peer import Peer, adam, averaging, expect
from tfgan_suite.networks.patchgan import PATCH_SIZES


class UNet(nn.Module):
    """An encoder, and a decoder that also sees the encoder's layers."""

    def __init__(self, inputs, outputs, filters, num_downsamplings, dropout, dropout_blocks=3):
        super().__init__()
        widths = [filters * min(2**stage, 8) for stage in range(num_downsamplings)]
        self.last = num_downsamplings - 1
        for index, width in enumerate(widths):
            self.add_module(
                f"down_{index}_convolution", nn.Conv2d(inputs, width, 4, 2, 1, bias=False)
            )
            if 0 < index < self.last:
                self.add_module(f"down_{index}_norm", nn.InstanceNorm2d(width, affine=True))
            inputs = width
        for index, width in enumerate(widths[-2::-1]):
            self.add_module(
                f"up_{index}_convolution",
                nn.ConvTranspose2d(inputs, width, 4, 2, 1, bias=False),
            )
            self.add_module(f"up_{index}_norm", nn.InstanceNorm2d(width, affine=True))
            inputs = 2 * width
        self.output_convolution = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)
        self.dropout, self.dropout_blocks = nn.Dropout(dropout), dropout_blocks

    def forward(self, x):
        skips = []
        for index in range(self.last):
            x = self.get_submodule(f"down_{index}_convolution")(x)
            if index:
                x = self.get_submodule(f"down_{index}_norm")(x)
            x = leaky_relu(x, 0.2)
            skips.append(x)
        x = relu(self.get_submodule(f"down_{self.last}_convolution")(x))
        for index, skip in enumerate(reversed(skips)):
            x = self.get_submodule(f"up_{index}_convolution")(x)
            x = self.get_submodule(f"up_{index}_norm")(x)
            if index < self.dropout_blocks:
                x = self.dropout(x)
            x = relu(torch.cat([x, skip], dim=1))
        return torch.tanh(self.output_convolution(x))


class Pix2PixPeer(Peer):
    """D on a pair and on a made one, then G on its opinion and the distance to the truth."""

    def __init__(self, settings):
        expect(settings, conditional=True)
        size, layers = settings["image_size"], settings["num_downsamplings"]
        self.sides = (size, size) if isinstance(size, int) else tuple(size)
        self.channels = {name: settings[f"channels_{name}"] for name in "ab"}
        a, b = self.channels.values()
        layers = layers or max(2, min(self.sides).bit_length() - 1)
        self.generator = UNet(a, b, settings["filters"], layers, settings["dropout"])
        self.discriminator = patchgan(
            a + b,
            settings["discriminator_filters"],
            PATCH_SIZES.index(settings["patch_size"]),
            norm_bias=False,
            norm_affine=True,
        )
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.loss = losses.get(settings["loss"])
        self.adversarial_weight = settings["adversarial_weight"]
        self.l1_weight = settings["l1_weight"]
        self.d_adam, self.g_adam = adam(self.discriminator), adam(self.generator)
        self.average = averaging(settings["ema_half_life"], self.generator)

    def random_batch(self, batch_size):
        return {
            name: torch.rand(batch_size, channels, *self.sides) * 2 - 1
            for name, channels in self.channels.items()
        }

    def draw(self, batch_size):
        return {}

    def train_step(self, batch, drawn):
        a, b = batch["a"], batch["b"]
        fake = self.generator(a)
        self.discriminator.requires_grad_(True)
        self.d_adam.zero_grad()
        d_loss = 0.5 * self.loss.discriminator(
            self.discriminator(torch.cat([a, b], dim=1)),
            self.discriminator(torch.cat([a, fake.detach()], dim=1)),
        )
        d_loss.backward()
        self.d_adam.step()
        self.discriminator.requires_grad_(False)
        self.g_adam.zero_grad()
        opinion = self.discriminator(torch.cat([a, fake], dim=1))
        g_loss = self.adversarial_weight * self.loss.generator(opinion)
        g_loss = g_loss + self.l1_weight * l1_loss(fake, b)
        g_loss.backward()
        self.g_adam.step()
        self.average()
        return {"discriminator/loss": d_loss, "generator/loss": g_loss}


build = Pix2PixPeer
