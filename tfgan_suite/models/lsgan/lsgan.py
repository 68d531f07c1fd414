"""Least squares GAN."""

import keras

from tfgan_suite.errors import UserInputError, closest_name
from tfgan_suite.losses.adversarial import LeastSquares
from tfgan_suite.models.gan import GAN
from tfgan_suite.models.lsgan.presets import PRESETS
from tfgan_suite.models.registry import register

#: The paper's label schemes: (a) fakes for D, (b) real samples for D, (c) fakes for G.
LABEL_SCHEMES = {"zero_one": (0.0, 1.0, 1.0), "pearson": (-1.0, 1.0, 0.0)}


@register("lsgan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class LSGAN(GAN):
    """A GAN whose discriminator regresses labels by least squares.

    Fakes far on the real side of the boundary still get a gradient, so gradients vanish less.

    Source: [Mao et al., 2017](https://arxiv.org/abs/1611.04076), equations 2 and 8 to 10.

    Args:
        generator, discriminator, networks: see `GAN`. The discriminator ends in a linear layer.
        labels: `"zero_one"` (0, 1, 1), what most of the paper's experiments use, `"pearson"`
            (-1, 1, 0), which minimises a Pearson chi-square divergence, or a triple (a, b, c).
        latent_distribution, gradient_penalty, r1, r2, ema_half_life, seed, name, critic_steps: see
            `GAN`.

    Example:

    ```python
    generator, discriminator = build_pair("mixture")
    lsgan = LSGAN(generator, discriminator, labels="pearson")
    ```
    """

    presets = PRESETS

    def __init__(
        self,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        labels="zero_one",
        latent_distribution: str = "normal",
        gradient_penalty: float = 0.0,
        r1: float = 0.0,
        r2: float = 0.0,
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
        networks: dict | None = None,
        critic_steps: int = 1,
    ):
        labels = _as_labels(labels)
        super().__init__(
            generator,
            discriminator,
            loss=LeastSquares(*labels),
            latent_distribution=latent_distribution,
            gradient_penalty=gradient_penalty,
            r1=r1,
            r2=r2,
            ema_half_life=ema_half_life,
            seed=seed,
            name=name,
            networks=networks,
            critic_steps=critic_steps,
        )
        self.labels = labels

    def get_config(self):
        config = super().get_config()
        del config["loss"]
        return {**config, "labels": list(self.labels)}


def _as_labels(labels):
    if isinstance(labels, str):
        if labels not in LABEL_SCHEMES:
            raise UserInputError(
                f"Unknown label scheme {labels!r}. Expected one of {sorted(LABEL_SCHEMES)} or a "
                f"triple (a, b, c) of numbers.{closest_name(labels, LABEL_SCHEMES)}"
            )
        return LABEL_SCHEMES[labels]
    try:
        a, b, c = (float(label) for label in labels)
    except (TypeError, ValueError) as error:
        raise UserInputError(
            "labels is a scheme's name or a triple of numbers (a, b, c): the labels of fakes and "
            f"of real samples for D, and of fakes for G. Received: {labels!r}."
        ) from error
    return (a, b, c)
