"""Layers of ProGAN and StyleGAN, after [Karras et al., 2018](https://arxiv.org/abs/1710.10196)."""

import math

import torch
from torch import nn
from torch.nn import functional

HE_GAIN = math.sqrt(2)


class EqualizedLinear(nn.Module):
    """A dense layer; weights from N(0, 1) are scaled by gain / sqrt(fan-in) in each call.

    `rate` is the factor by which weights and biases move slower.
    """

    def __init__(self, inputs, outputs, gain=HE_GAIN, bias=True, rate=1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale, self.rate = rate * gain / math.sqrt(inputs), rate

    def forward(self, x):
        bias = self.bias if self.bias is None or self.rate == 1 else self.bias * self.rate
        return functional.linear(x, self.weight * self.scale, bias)


class EqualizedConv2d(nn.Module):
    """A convolution that keeps the size; see `EqualizedLinear`."""

    def __init__(self, inputs, outputs, size, gain=HE_GAIN, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale, self.padding = gain / math.sqrt(inputs * size**2), size // 2

    def forward(self, x):
        return functional.conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)


class Bias(nn.Module):
    """A learned number for each channel of a map."""

    def __init__(self, channels):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        return x + self.bias


class PixelNorm(nn.Module):
    """Divides the channels at each place by their root mean square."""

    def forward(self, x):
        return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class MinibatchDeviation(nn.Module):
    """Adds a channel: the mean over all features of their deviation within a group of examples."""

    def __init__(self, group):
        super().__init__()
        self.group = group

    def forward(self, x):
        batch, _, height, width = x.shape
        group = min(self.group, batch)
        variance = x.unflatten(0, (-1, group)).var(1, correction=0)
        deviation = (variance + 1e-8).sqrt().mean((1, 2, 3)).repeat_interleave(group)
        channel = deviation[:, None, None, None].expand(-1, 1, height, width)
        return torch.cat([x, channel], 1)
