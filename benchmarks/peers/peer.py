"""What the peers share."""

import inspect
from collections import OrderedDict

import torch
from torch import nn

from tfgan_suite import models
from tfgan_suite.errors import UserInputError


class Peer:
    """A model in PyTorch. Images are `[B, C, H, W]`.

    Attributes:
        networks: dict from names to modules: those of the attributes that hold ours. What has
            weights in them is called as the layer of ours.
        served: str. The network that makes what users want.
    """

    networks: dict[str, nn.Module]
    served = "generator"

    def counterparts(self, model) -> dict:
        """Returns the Keras networks of a model of the package by the names of `networks`."""
        return {name: getattr(model, name) for name in self.networks}

    def random_batch(self, batch_size: int) -> dict[str, torch.Tensor]:
        """Returns a batch of noise, with the fields of our `batch_spec`."""
        raise NotImplementedError

    def draw(self, batch_size: int) -> dict:
        """Returns what a step draws."""
        raise NotImplementedError

    def train_step(self, batch: dict, drawn: dict) -> dict[str, torch.Tensor]:
        """Takes a step; returns the losses by the names of our logs.

        Args:
            batch: see `random_batch`.
            drawn: see `draw`.
        """
        raise NotImplementedError


def settings_of(config) -> dict:
    """Returns all arguments of a model's config: its own, its preset's, and the defaults."""
    config = dict(config)
    parameters = inspect.signature(models.get(config["name"])).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.name != "name"}
    preset = config.pop("preset", None)
    return {**defaults, **(models.presets(config["name"])[preset] if preset else {}), **config}


def expect(settings, **known) -> None:
    """Refuses settings that a peer does not know.

    Raises:
        UserInputError: if one has another value than the one given.
    """
    for name, value in known.items():
        if settings[name] != value:
            raise UserInputError(
                f"The PyTorch peer of {settings['name']!r} knows {name}={value!r} alone. "
                f"Received: {settings[name]!r}."
            )


def chain(layers: dict[str, nn.Module]) -> nn.Sequential:
    """Returns layers one after the other, by their names."""
    return nn.Sequential(OrderedDict(layers))


def adam(*networks, learning_rate=2e-4, betas=(0.5, 0.999)):
    """Returns Adam for all weights of some networks.

    Keras adds epsilon before the bias of the moments is corrected and PyTorch after it: first steps
    differ where a gradient is below some 1e-6.
    """
    weights = [weight for network in networks for weight in network.parameters()]
    return torch.optim.Adam(weights, learning_rate, betas, eps=1e-8, fused=True)


def averaging(half_life, *networks):
    """Returns a function that moves averages of the weights, if there is a half-life."""
    if half_life is None:
        return lambda: None
    weights = [weight for network in networks for weight in network.parameters()]
    averages = [weight.detach().clone() for weight in weights]

    @torch.no_grad()
    def average():
        torch._foreach_lerp_(averages, weights, 0.01)

    return average


def noise(distribution: str, *shape) -> torch.Tensor:
    """Returns random numbers of a distribution of `tfgan_suite.training.noise`."""
    if distribution == "normal":
        return torch.randn(shape)
    if distribution == "hypercube":
        return torch.rand(shape)
    side = 3**0.5 if distribution == "unit_uniform" else 1.0
    return (torch.rand(shape) * 2 - 1) * side
