"""Peer of StyleGAN's first architecture, in the first stage of its growth; see `progan`."""

import torch
from torch import nn
from torch.nn import functional

from benchmarks.peers.layers import Bias, EqualizedConv2d, EqualizedLinear, PixelNorm
from benchmarks.peers.peer import expect, noise
from benchmarks.peers.progan import ProGANPeer, discriminator, filters_of, sizes_to
from tfgan_suite.networks.progressive import part_of

# === Networks ===


class Mean(nn.Module):
    """Keeps a moving average of the mean of w."""

    def __init__(self, size):
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(size))

    @torch.no_grad()
    def move(self, w):
        self.running_mean.lerp_(w.mean(0), 0.005)


class Mapping(nn.Module):
    """From latents z to w, `[B, latent_size]` both."""

    def __init__(self, latent_size, num_layers, rate):
        super().__init__()
        self.norm_latents = PixelNorm()
        self.dense = [f"dense_{number}" for number in range(num_layers)]
        for name in self.dense:
            self.add_module(name, EqualizedLinear(latent_size, latent_size, rate=rate))
        self.mean = Mean(latent_size)

    def forward(self, z):
        w = self.norm_latents(z)
        for name in self.dense:
            w = functional.leaky_relu(self.get_submodule(name)(w), 0.2)
        return w


class Blur(nn.Module):
    """Smooths each channel by (1, 2, 1) both ways, with zeros around the map."""

    def __init__(self, channels):
        super().__init__()
        line = torch.tensor([1.0, 2.0, 1.0]) / 4
        kernel = torch.outer(line, line).expand(channels, 1, 3, 3).contiguous()
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, x):
        return functional.conv2d(x, self.kernel, padding=1, groups=len(self.kernel))


class AddNoise(nn.Module):
    """Adds one map of noise to all channels, each with a strength of its own."""

    def __init__(self, channels):
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x, noise):
        return x + noise * self.strength


class Constant(nn.Module):
    """A learned map."""

    def __init__(self, *shape):
        super().__init__()
        self.constant = nn.Parameter(torch.randn(shape))

    def forward(self, batch_size):
        return self.constant.expand(batch_size, -1, -1, -1)


class Synthesis(nn.Module):
    """From styles `[B, L, latent_size]` and noise by layer to images of one size."""

    def __init__(self, size, channels, latent_size, filters):
        super().__init__()
        self.layers = [f"{each}_{place}" for each in sizes_to(size) for place in "ab"]
        width = filters(4)
        self.constant = Constant(width, 4, 4)
        modules = {}
        for name in self.layers:
            each = int(name.split("_")[0])
            if name != "4_a":
                inputs, width = width, filters(each)
                modules[f"convolution_{name}"] = EqualizedConv2d(inputs, width, 3, bias=False)
            if each > 4 and name.endswith("a"):
                modules[f"blur_{each}"] = Blur(width)
            modules[f"add_noise_{name}"] = AddNoise(width)
            modules[f"bias_{name}"] = Bias(width)
            modules[f"norm_{name}"] = nn.InstanceNorm2d(width, eps=1e-8)
            modules[f"style_{name}"] = EqualizedLinear(latent_size, 2 * width, gain=1.0)
        self.image = f"image_{size}"
        modules[self.image] = EqualizedConv2d(width, channels, 1, gain=1.0)
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, styles, noise):
        layer = self.get_submodule
        x = self.constant(len(styles))
        for index, name in enumerate(self.layers):
            size, place = name.split("_")
            if place == "a" and size != "4":
                x = functional.interpolate(x, scale_factor=2)
                x = layer(f"blur_{size}")(layer(f"convolution_{name}")(x))
            elif place == "b":
                x = layer(f"convolution_{name}")(x)
            x = layer(f"bias_{name}")(layer(f"add_noise_{name}")(x, noise[name]))
            x = layer(f"norm_{name}")(functional.leaky_relu(x, 0.2))
            scale, shift = layer(f"style_{name}")(styles[:, index])[..., None, None].chunk(2, 1)
            x = x * (scale + 1) + shift
        return layer(self.image)(x)


# === Training step ===


class StyleGANPeer(ProGANPeer):
    """ProGAN's step with styles, of which a part is mixed of two latents, and noise."""

    served = "synthesis"

    def __init__(self, settings):
        expect(settings, architecture="stylegan", r1_every=1, path_length=0.0)
        super().__init__(settings)
        self.mixing_probability = settings["mixing_probability"]

    def make_networks(self, settings):
        filters = filters_of(settings)
        self.mapping = Mapping(
            self.latent_size, settings["mapping_layers"], settings["mapping_rate"]
        )
        self.synthesis = Synthesis(self.size, self.channels, self.latent_size, filters)
        judge = discriminator(
            self.size, self.channels, filters, settings["deviation_group"], smooth=Blur
        )
        return {"mapping": self.mapping, "synthesis": self.synthesis, "discriminator": judge}

    def counterparts(self, model):
        inputs = ["styles", *(f"noise_{layer}" for layer in self.synthesis.layers)]
        return {
            "mapping": model.mapping,
            "synthesis": part_of(model.synthesis, inputs, [f"image_{self.size}"]),
            "discriminator": self.part_of_discriminator(model),
        }

    def draw(self, batch_size):
        players = {player: self._drawn(batch_size) for player in ("discriminator", "generator")}
        return {**players, "epsilon": torch.rand(batch_size)}

    def _drawn(self, batch_size):
        """Returns two latents, the first layer that takes the second one's style, and noise."""
        layers = self.synthesis.layers
        mixes = torch.rand(()) < self.mixing_probability
        return {
            "latents": [noise(self.distribution, batch_size, self.latent_size) for _ in range(2)],
            "crossover": torch.randint(1, len(layers), ()) if mixes else len(layers),
            "noise": {
                layer: torch.randn(batch_size, 1, *[int(layer.split("_")[0])] * 2)
                for layer in layers
            },
        }

    def images(self, drawn, player):
        drawn = drawn[player]
        first, second = (self.mapping(z) for z in drawn["latents"])
        if player == "generator":
            for w in (first, second):
                self.mapping.mean.move(w)
        of_first = torch.arange(len(self.synthesis.layers))[:, None] < drawn["crossover"]
        styles = torch.where(of_first, first[:, None], second[:, None])
        return self.synthesis(styles, drawn["noise"])


build = StyleGANPeer
