"""Peer of SRGAN in its first stage, where the generator alone learns: SRResNet."""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn.functional import l1_loss, mse_loss

from benchmarks.peers.peer import Peer, adam, averaging, expect
from benchmarks.peers.weights import to_shuffle
from tfgan_suite.errors import UserInputError

_DISTANCES = {"l1": l1_loss, "l2": mse_loss}


class SRResNet(nn.Module):
    """SRGAN's generator, from images in [-1, 1]."""

    def __init__(self, channels, scale, filters, num_blocks, norm_bias):
        super().__init__()

        def normalized(stage):
            return {
                f"{stage}_convolution": nn.Conv2d(filters, filters, 3, 1, 1, bias=norm_bias),
                f"{stage}_norm": nn.BatchNorm2d(filters),
            }

        self.stem_convolution = nn.Conv2d(channels, filters, 9, 1, 4)
        self.stem_prelu = nn.PReLU(filters)
        for block in range(num_blocks):
            prelu = {"prelu": nn.PReLU(filters)}
            layers = OrderedDict({**normalized("a"), **prelu, **normalized("b")})
            self.add_module(f"block_{block}", nn.Sequential(layers))
        self.blocks = [getattr(self, f"block_{block}") for block in range(num_blocks)]
        self.trunk = nn.Sequential(
            OrderedDict(
                convolution=nn.Conv2d(filters, filters, 3, 1, 1, bias=norm_bias),
                norm=nn.BatchNorm2d(filters),
            )
        )
        self.up = nn.Sequential()
        for doubling in range(scale.bit_length() - 1):
            convolution = to_shuffle(nn.Conv2d(filters, 4 * filters, 3, 1, 1), 2)
            self.up.add_module(f"{doubling}_convolution", convolution)
            self.up.add_module(f"{doubling}_shuffle", nn.PixelShuffle(2))
            self.up.add_module(f"{doubling}_prelu", nn.PReLU(filters))
        self.enlarged = nn.Conv2d(filters, channels, 9, 1, 4)

    def forward(self, x):
        x = first = self.stem_prelu(self.stem_convolution((x + 1) / 2))
        for block in self.blocks:
            x = x + block(x)
        return self.enlarged(self.up(first + self.trunk(x)))


class SRResNetPeer(Peer):
    """The stage "pixels"."""

    def __init__(self, settings):
        expect(settings, architecture="srresnet", residual=False, batch_norm_group_size=None)
        if not settings["pixel_images"]:
            raise UserInputError(
                "The PyTorch peer of SRGAN trains its SRResNet alone: set pixel_images."
            )
        self.sides = {
            "high": settings["image_size"],
            "low": settings["image_size"] // settings["scale"],
        }
        self.channels = settings["channels"]
        names = ("channels", "scale", "filters", "num_blocks", "norm_bias")
        self.generator = SRResNet(**{name: settings[name] for name in names})
        self.networks = {"generator": self.generator}
        self.distance = _DISTANCES[settings["pixel_distance"]]
        rate = settings["learning_rates"][0]
        self.adam = adam(self.generator, learning_rate=rate, betas=(0.9, 0.999))
        self.average = averaging(settings["ema_half_life"], self.generator)

    def random_batch(self, batch_size):
        return {
            name: torch.rand(batch_size, self.channels, side, side) * 2 - 1
            for name, side in self.sides.items()
        }

    def draw(self, batch_size):
        return {}

    def train_step(self, batch, drawn):
        self.adam.zero_grad()
        loss = self.distance(self.generator(batch["low"]), batch["high"])
        loss.backward()
        self.adam.step()
        self.average()
        return {"generator/loss": loss}


build = SRResNetPeer
