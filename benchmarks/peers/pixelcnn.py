"""Peer of PixelRNN's kind "pixelcnn", without classes."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.peers.peer import Peer, averaging, chain, expect

# === Network ===


class MaskedConv2d(nn.Conv2d):
    """A convolution that sees earlier pixels, and of its own the colours before (mask B: and its).

    Features are in as many groups as there are colours. There are no kernel rows below the pixel.
    """

    def __init__(self, inputs, outputs, size=1, mask="B", colours=1):
        super().__init__(inputs, outputs, (size // 2 + 1, size))
        self.reach = size // 2
        seen = np.ones(self.weight.shape, np.float32)
        seen[:, :, -1, self.reach + 1 :] = 0
        of_output = (np.arange(outputs) * colours // outputs)[:, None]
        of_input = (np.arange(inputs) * colours // inputs)[None]
        seen[:, :, -1, self.reach] = of_input < of_output if mask == "A" else of_input <= of_output
        self.register_buffer("seen", torch.from_numpy(seen), persistent=False)

    def forward(self, x):
        if self.reach:
            x = functional.pad(x, (self.reach, self.reach, self.reach, 0))
        return functional.conv2d(x, self.weight * self.seen, self.bias)

    def of_pixel(self):
        """Returns a function from what a pixel sees, `[B, C, h, w]`, to its outputs `[B, F]`."""
        kernel, bias = (self.weight * self.seen).flatten(1).t().contiguous(), self.bias
        return lambda window: torch.addmm(bias, window.flatten(1), kernel)


class Block(nn.Module):
    """ReLU, 1 x 1 to h, ReLU, 3 x 3, ReLU, 1 x 1 to 2 h, + input."""

    def __init__(self, hidden_size, colours):
        super().__init__()
        self.down = MaskedConv2d(2 * hidden_size, hidden_size, colours=colours)
        self.convolution = MaskedConv2d(hidden_size, hidden_size, 3, colours=colours)
        self.up = MaskedConv2d(hidden_size, 2 * hidden_size, colours=colours)

    def forward(self, x):
        y = self.convolution(self.down(x.relu()).relu())
        return x + self.up(y.relu())


class PixelCNN(nn.Module):
    """From images `[B, C, H, W]` in [-1, 1] to logits `[B, C * outputs, H, W]`."""

    def __init__(self, colours, outputs, hidden_size, blocks):
        super().__init__()
        width = 2 * hidden_size
        self.first = chain({"convolution": MaskedConv2d(colours, width, 7, "A", colours)})
        self.blocks = [f"block_{number + 1}" for number in range(blocks)]
        for name in self.blocks:
            self.add_module(name, Block(hidden_size, colours))
        features = MaskedConv2d(width, width, colours=colours)
        logits = MaskedConv2d(width, colours * outputs, colours=colours)
        self.head = chain({"a": nn.ReLU(), "features": features, "b": nn.ReLU(), "logits": logits})

    def forward(self, images):
        x = self.first(images)
        for name in self.blocks:
            x = self.get_submodule(name)(x)
        return self.head(x)


# === Training and sampling ===


class PixelCNNPeer(Peer):
    """Maximum likelihood by RMSprop, and sampling pixel by pixel in two ways."""

    served = "network"

    def __init__(self, settings):
        expect(settings, kind="pixelcnn", num_classes=None)
        size = settings["image_size"]
        self.sides = (size, size) if isinstance(size, int) else tuple(size)
        self.colours, self.levels = settings["channels"], settings["levels"]
        self.outputs = 1 if self.levels == 2 else self.levels
        self.network = PixelCNN(
            self.colours, self.outputs, settings["hidden_size"], settings["blocks"]
        )
        self.networks = {"network": self.network}
        # Keras' settings; Keras adds epsilon before the root is taken.
        self.optimizer = torch.optim.RMSprop(
            self.network.parameters(), 1e-3, alpha=0.9, eps=1e-7**0.5
        )
        self.average = averaging(settings["ema_half_life"], self.network)

    def random_batch(self, batch_size):
        return {"image": torch.rand(batch_size, self.colours, *self.sides) * 2 - 1}

    def draw(self, batch_size):
        return {}

    def train_step(self, batch, drawn):
        del drawn
        levels = ((batch["image"] + 1) * ((self.levels - 1) / 2)).round()
        self.optimizer.zero_grad()
        logits = self.network(self._images(levels))
        if self.levels == 2:
            nats = functional.binary_cross_entropy_with_logits(logits, levels, reduction="sum")
        else:
            logits = logits.reshape(-1, self.levels, *self.sides)
            targets = levels.long().reshape(-1, *self.sides)
            nats = functional.cross_entropy(logits, targets, reduction="sum")
        loss = nats / len(levels)
        loss.backward()
        self.optimizer.step()
        self.average()
        return {"network/loss": loss}

    def _images(self, levels):
        return levels * (2 / (self.levels - 1)) - 1

    @torch.inference_mode()
    def sample_naively(self, uniform, num_pixels=None):
        """Draws images `[B, C, H, W]` by the whole network for each value.

        Args:
            uniform: `[B, C, H, W]` in [0, 1).
            num_pixels: int or None. Draw so many pixels of each image alone.
        """
        images = torch.zeros_like(uniform)
        for pixel in range(num_pixels or self.sides[0] * self.sides[1]):
            i, j = divmod(pixel, self.sides[1])
            for colour in range(self.colours):
                logits = self.network(images)[:, :, i, j]
                images[:, colour, i, j] = self._drawn(logits, colour, uniform[:, colour, i, j])
        return images

    @torch.inference_mode()
    def sample(self, uniform):
        """Draws the same images; each layer keeps its inputs and computes one pixel at a time.

        Args:
            uniform: `[B, C, H, W]` in [0, 1).
        """
        batch, _, height, width = uniform.shape
        network = self.network
        first, features, logits = (
            layer.of_pixel()
            for layer in (network.first.convolution, network.head.features, network.head.logits)
        )
        blocks = [network.get_submodule(name) for name in network.blocks]
        blocks = [(b.down.of_pixel(), b.convolution.of_pixel(), b.up.of_pixel()) for b in blocks]
        # With their padding: the images, and what each block's 3 x 3 convolution sees.
        images = torch.zeros(batch, self.colours, height + 3, width + 6)
        hidden_size = network.first.convolution.out_channels // 2
        kept = torch.zeros(len(blocks), batch, hidden_size, height + 1, width + 2)
        for i in range(height):
            for j in range(width):
                for colour in range(self.colours):
                    x = first(images[:, :, i : i + 4, j : j + 7])
                    for (down, convolution, up), seen in zip(blocks, kept, strict=True):
                        seen[:, :, i + 1, j + 1] = down(x.relu()).relu_()
                        x = x + up(convolution(seen[:, :, i : i + 2, j : j + 3]).relu_())
                    said = logits(features(x.relu()).relu_())
                    value = self._drawn(said, colour, uniform[:, colour, i, j])
                    images[:, colour, i + 3, j + 3] = value
        return images[:, :, 3:, 3:-3].contiguous()

    def _drawn(self, logits, colour, uniform):
        """Returns values `[B]` of a pixel's logits `[B, C * outputs]` by uniform numbers."""
        logits = logits[:, colour * self.outputs : (colour + 1) * self.outputs]
        if self.outputs == 1:
            return self._images((uniform < logits[:, 0].sigmoid()).float())
        below = logits.softmax(1).cumsum(1)[:, :-1]
        return self._images((below <= uniform[:, None]).sum(1).float())


build = PixelCNNPeer
