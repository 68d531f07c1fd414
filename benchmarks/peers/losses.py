"""Adversarial losses and penalties, as one would write them in PyTorch."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch.nn import functional

from tfgan_suite.errors import UserInputError

softplus = functional.softplus


class Adversarial(NamedTuple):
    """D's loss of real and fake logits, and G's of fake ones."""

    discriminator: Callable
    generator: Callable


def least_squares(fake_label=0.0, real_label=1.0, generator_label=1.0):
    def half_square(logits, label):
        return ((logits - label) ** 2).mean() / 2

    return Adversarial(
        lambda real, fake: half_square(real, real_label) + half_square(fake, fake_label),
        lambda fake: half_square(fake, generator_label),
    )


def non_saturating():
    return Adversarial(
        lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
        lambda fake: softplus(-fake).mean(),
    )


def wasserstein():
    return Adversarial(lambda real, fake: fake.mean() - real.mean(), lambda fake: -fake.mean())


_LOSSES = {
    "least_squares": least_squares,
    "non_saturating": non_saturating,
    "wasserstein": wasserstein,
}


def get(loss) -> Adversarial:
    """Returns an adversarial loss by its name or config.

    Raises:
        UserInputError: if there is no peer of it.
    """
    arguments = {"name": loss} if isinstance(loss, str) else dict(loss)
    name = arguments.pop("name")
    if name not in _LOSSES:
        raise UserInputError(
            f"The PyTorch peers know the losses {', '.join(_LOSSES)}. Received: {name!r}."
        )
    return _LOSSES[name](**arguments)


def squared_gradient_norm(critic, examples):
    """Returns the squared norm of the gradient of a critic's scores, `[B]`.

    Args:
        critic: callable, `[B, ...]` to `[B, 1]`.
        examples: `[B, ...]`.
    """
    examples = examples.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(examples).sum(), examples, create_graph=True)
    return gradient.flatten(1).square().sum(1)


def gradient_penalty(critic, real, fake, epsilon):
    """Returns WGAN-GP's penalty, unweighted; `epsilon` `[B]` is the part of `real`."""
    epsilon = epsilon.reshape(-1, *[1] * (real.ndim - 1))
    squared = squared_gradient_norm(critic, torch.lerp(fake, real, epsilon))
    return ((squared + 1e-12).sqrt() - 1).square().mean()
