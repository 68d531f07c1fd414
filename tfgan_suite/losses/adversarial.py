"""Adversarial losses by name: "minimax", "non_saturating", "least_squares", "hinge", ...

A loss is an immutable object with two pure methods. Both take raw logits (no sigmoid) of shape
`[batch]`, `[batch, 1]` or a map `[batch, height, width, 1]`, and return one float32 number per
example: a map gives the mean of its places' losses. Averaging over the batch is the caller's part.

    loss = adversarial.get("least_squares")
    terms = loss.discriminator(real_logits, fake_logits)    # {"real": [batch], "fake": [batch]}
    term = loss.generator(fake_logits)                      # [batch]
"""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

from keras import ops

from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.losses.per_example import as_float, mean_per_example

_REGISTRY = {}


def register(cls):
    """Class decorator: makes an `AdversarialLoss` known to `get` by its `name`."""
    _REGISTRY[cls.name] = cls
    return cls


class AdversarialLoss:
    """Base of the adversarial losses.

    Subclasses are frozen dataclasses; their fields are the loss's settings.

    Attributes:
        name: the name in the registry.
        needs_real_in_generator: whether `generator` also needs the logits of real examples.
        formulas: what D and what G minimise, with r the logits of reals and f those of fakes, for
            docs/losses.md; `sp` is softplus, log(1 + exp x).
    """

    name: ClassVar[str]
    formulas: ClassVar[tuple[str, str]]
    needs_real_in_generator: ClassVar[bool] = False

    def discriminator(self, real_logits, fake_logits):
        """Terms that the discriminator minimises the sum of: dict of name to `[batch]`."""
        raise NotImplementedError

    def generator(self, fake_logits, real_logits=None):
        """The term that the generator minimises: `[batch]`."""
        raise NotImplementedError


@register
@dataclasses.dataclass(frozen=True)
class Minimax(AdversarialLoss):
    """The zero-sum game of [Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661).

    D minimises `-log D(x) - log(1 - D(G(z)))`, G minimises `log(1 - D(G(z)))`, which gives G
    little gradient while D rejects its samples. At logit 0: D 2 log 2, G -log 2.
    """

    name: ClassVar[str] = "minimax"
    formulas: ClassVar[tuple[str, str]] = ("sp(-r) + sp(f)", "-sp(f)")

    def discriminator(self, real_logits, fake_logits):
        return {
            "real": mean_per_example(ops.softplus(-as_float(real_logits))),
            "fake": mean_per_example(ops.softplus(as_float(fake_logits))),
        }

    def generator(self, fake_logits, real_logits=None):
        return mean_per_example(-ops.softplus(as_float(fake_logits)))


@register
@dataclasses.dataclass(frozen=True)
class NonSaturating(Minimax):
    """D as in the minimax game; G minimises `-log D(G(z))`, strong where D rejects.

    What [Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661) recommend in practice.
    """

    name: ClassVar[str] = "non_saturating"
    formulas: ClassVar[tuple[str, str]] = ("sp(-r) + sp(f)", "sp(-f)")

    def generator(self, fake_logits, real_logits=None):
        return mean_per_example(ops.softplus(-as_float(fake_logits)))


@register
@dataclasses.dataclass(frozen=True)
class LeastSquares(AdversarialLoss):
    """Half the squared distance of the logits to numeric labels.

    With the factor 1/2 in all three terms, as in
    [Mao et al., 2017](https://arxiv.org/abs/1611.04076). CycleGAN's code has it in D and not in
    G: weight `generator` by 2 there. Labels (-1, 1, 0) minimise a Pearson chi-squared divergence.

    Args:
        fake_label: float, a: what D is to say of fakes.
        real_label: float, b: what D is to say of real examples.
        generator_label: float, c: what G wants D to say of fakes.
    """

    name: ClassVar[str] = "least_squares"
    formulas: ClassVar[tuple[str, str]] = ("(r - b)^2 / 2 + (f - a)^2 / 2", "(f - c)^2 / 2")
    fake_label: float = 0.0
    real_label: float = 1.0
    generator_label: float = 1.0

    def discriminator(self, real_logits, fake_logits):
        return {
            "real": self._half_square(real_logits, self.real_label),
            "fake": self._half_square(fake_logits, self.fake_label),
        }

    def generator(self, fake_logits, real_logits=None):
        return self._half_square(fake_logits, self.generator_label)

    @staticmethod
    def _half_square(logits, label):
        return mean_per_example(0.5 * ops.square(as_float(logits) - label))


@register
@dataclasses.dataclass(frozen=True)
class Hinge(AdversarialLoss):
    """D pushes real logits above 1 and fake logits below -1; G raises the fake logits.

    From [Lim and Ye, 2017](https://arxiv.org/abs/1705.02894).
    """

    name: ClassVar[str] = "hinge"
    formulas: ClassVar[tuple[str, str]] = ("max(0, 1 - r) + max(0, 1 + f)", "-f")

    def discriminator(self, real_logits, fake_logits):
        return {
            "real": mean_per_example(ops.relu(1.0 - as_float(real_logits))),
            "fake": mean_per_example(ops.relu(1.0 + as_float(fake_logits))),
        }

    def generator(self, fake_logits, real_logits=None):
        return mean_per_example(-as_float(fake_logits))


@register
@dataclasses.dataclass(frozen=True)
class Wasserstein(AdversarialLoss):
    """Difference of the mean scores; D must be kept Lipschitz by other means.

    From [Arjovsky et al., 2017](https://arxiv.org/abs/1701.07875);
    `penalties.gradient_penalty` is the usual means.
    """

    name: ClassVar[str] = "wasserstein"
    formulas: ClassVar[tuple[str, str]] = ("f - r", "-f")

    def discriminator(self, real_logits, fake_logits):
        return {
            "real": mean_per_example(-as_float(real_logits)),
            "fake": mean_per_example(as_float(fake_logits)),
        }

    def generator(self, fake_logits, real_logits=None):
        return mean_per_example(-as_float(fake_logits))


@register
@dataclasses.dataclass(frozen=True)
class Relativistic(AdversarialLoss):
    """D is to rate each real example above the fake one that it is paired with; G the reverse.

    Example i of the real batch is paired with example i of the fake batch, place by place in a
    map. Both are in random order, so this is an unbiased estimate over all pairs, and unlike
    pairing with the batch mean it does not couple the examples of a batch. One term, "pair".
    `models.GAN` shows the generator the real batch that D has just learnt on; R3GAN another one.

    From [Jolicoeur-Martineau, 2018](https://arxiv.org/abs/1807.00734), in the pairing form that
    [Huang et al., 2024](https://arxiv.org/abs/2501.05441) train with.
    """

    name: ClassVar[str] = "relativistic"
    formulas: ClassVar[tuple[str, str]] = ("sp(f - r)", "sp(r - f)")
    needs_real_in_generator: ClassVar[bool] = True

    def discriminator(self, real_logits, fake_logits):
        return {"pair": self._preference(real_logits, fake_logits)}

    def generator(self, fake_logits, real_logits=None):
        if real_logits is None:
            raise UserInputError(
                'The "relativistic" generator loss compares fake with real logits: '
                "pass `real_logits` of the same shape as `fake_logits`."
            )
        return self._preference(fake_logits, real_logits)

    @staticmethod
    def _preference(preferred, other):
        preferred, other = as_float(preferred), as_float(other)
        if preferred.shape != other.shape:
            raise UserInputError(
                'The "relativistic" loss pairs real and fake logits one by one; received shapes '
                f"{tuple(preferred.shape)} and {tuple(other.shape)}."
            )
        return mean_per_example(ops.softplus(other - preferred))


@register
@dataclasses.dataclass(frozen=True)
class RelativisticAverage(AdversarialLoss):
    """D is to rate a real example above the average fake one, a fake below the average real; G the
    reverse.

    From [Jolicoeur-Martineau, 2018](https://arxiv.org/abs/1807.00734), RaSGAN, the loss of ESRGAN.
    The averages couple the examples of a batch. They are taken over groups of consecutive examples:
    with a `group_size` that divides the batch of each device, the loss does not depend on their
    number.

    Args:
        group_size: int or None. Examples of a group; None: all that a device has.
    """

    name: ClassVar[str] = "relativistic_average"
    formulas: ClassVar[tuple[str, str]] = (
        "sp(-(r - mean f)) + sp(f - mean r)",
        "sp(r - mean f) + sp(-(f - mean r))",
    )
    needs_real_in_generator: ClassVar[bool] = True
    group_size: int | None = None

    def discriminator(self, real_logits, fake_logits):
        real, fake = self._above_average(real_logits, fake_logits)
        return {
            "real": mean_per_example(ops.softplus(-real)),
            "fake": mean_per_example(ops.softplus(fake)),
        }

    def generator(self, fake_logits, real_logits=None):
        if real_logits is None:
            raise UserInputError(
                'The "relativistic_average" generator loss compares fake with real logits: '
                "pass `real_logits`."
            )
        real, fake = self._above_average(real_logits, fake_logits)
        return mean_per_example(ops.softplus(real)) + mean_per_example(ops.softplus(-fake))

    def _above_average(self, real, fake):
        """Returns by how much each is above the average of the others in its group."""
        real, fake = as_float(real), as_float(fake)
        return real - self._average(fake), fake - self._average(real)

    def _average(self, logits):
        if self.group_size is None:
            return ops.mean(logits, axis=0, keepdims=True)
        num = logits.shape[0]
        if num is not None and num % self.group_size:
            raise UserInputError(
                f"relativistic_average compares groups of {self.group_size} examples and received "
                f"{num}. Choose a group_size that divides the batch of each device."
            )
        groups = ops.reshape(logits, (-1, self.group_size, *logits.shape[1:]))
        return ops.repeat(ops.mean(groups, axis=1), self.group_size, axis=0)


def names():
    """The names that `get` knows."""
    return sorted(_REGISTRY)


def get(identifier):
    """Returns the loss that `identifier` stands for.

    Args:
        identifier: name; or mapping `{"name": ..., **settings}`; or an `AdversarialLoss`.

    Raises:
        UserInputError: unknown name or setting.

    Example:

    >>> get({"name": "least_squares", "fake_label": -1.0, "generator_label": 0.0})
    LeastSquares(fake_label=-1.0, real_label=1.0, generator_label=0.0)
    """
    if isinstance(identifier, AdversarialLoss):
        return identifier
    if isinstance(identifier, str):
        identifier = {"name": identifier}
    if not isinstance(identifier, Mapping) or "name" not in identifier:
        raise UserInputError(
            "An adversarial loss is given by its name, by a dict with the key 'name' and its "
            f"settings, or as an AdversarialLoss; received {identifier!r}."
        )
    settings = dict(identifier)
    name = settings.pop("name")
    if name not in _REGISTRY:
        raise UserInputError(
            f"Unknown adversarial loss {name!r}.{closest_name(str(name), names())} "
            f"Known: {', '.join(names())}."
        )
    known = [field.name for field in dataclasses.fields(_REGISTRY[name])]
    for key in settings:
        if key not in known:
            raise UserInputError(
                f"The adversarial loss {name!r} has no setting {key!r}."
                f"{closest_name(str(key), known)} Its settings: {', '.join(known) or 'none'}."
            )
    return _REGISTRY[name](**settings)


def serialize(loss):
    """The config dict `{"name": ..., **settings}` from which `get` makes an equal loss."""
    return {"name": loss.name, **dataclasses.asdict(loss)}
