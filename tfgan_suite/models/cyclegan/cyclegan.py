"""Unpaired translation between two domains by cycle consistency."""

import keras
import tensorflow as tf

from tfgan_suite.data.options import number
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image
from tfgan_suite.layers import HistoryPool
from tfgan_suite.losses.adversarial import LeastSquares
from tfgan_suite.losses.reconstruction import l1
from tfgan_suite.models.cyclegan.presets import PRESETS
from tfgan_suite.models.registry import register
from tfgan_suite.models.two_way import TwoWayTranslation
from tfgan_suite.networks import patchgan_discriminator, resnet_translator
from tfgan_suite.networks.given import check_gives_logits
from tfgan_suite.networks.image_size import height_and_width
from tfgan_suite.training import ConstantThenLinear, GenerativeModel, Loss


@register("cyclegan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class CycleGAN(TwoWayTranslation, GenerativeModel):
    """Two translators, A to B and B to A, learnt from unpaired images.

    Source: [Zhu et al., 2017](https://arxiv.org/abs/1703.10593). Both generators share one
    optimizer and take one gradient of the whole objective, so both cycle terms reach both of
    them; both discriminators share another. A batch has the fields "a" and "b".

    Bring your own Keras networks, functional or Sequential; those that are not given are the
    paper's, for the same images.

    Args:
        image_size: int or (height, width); divisible by 4 for the paper's networks. Defaults to
            that of the networks given, else 256.
        channels_a, channels_b: int. Channels of the domains. Default to those of the networks
            given, else 3.
        filters: int. Channels of the translators' first layer. Defaults to 64.
        num_blocks: int or None. Residual blocks; None: 9 from 256 pixels on, else 6.
        num_downsamplings: int. How often the translators halve the image before the blocks.
            Defaults to the paper's 2; images of about 32 pixels keep their texture with 0 or 1.
        translator_norm: "instance", as in the paper, or "none".
        discriminator_filters: int. Channels of the PatchGANs' first layer. Defaults to 64.
        discriminator_layers: int. 3 is the 70 x 70 PatchGAN.
        cycle_weight: float. Weight of `|F(G(a)) - a|` and `|G(F(b)) - b|`. Defaults to 10.
        identity_weight: float. Weight of `|G(b) - b|` and `|F(a) - a|`; 0 switches them off.
            Needs equal channels. Defaults to 5, the value of the authors' code.
        pool_size: int. Fakes that each discriminator's history holds; 0: none. Defaults to 50.
        norm_bias: bool. Also give biases to the convolutions in front of norm layers. They do
            nothing but make the parameter counts those of the authors' code.
        activation: str. Of the translators' hidden layers. Defaults to "relu", as in the paper.
        ema_half_life, seed, name: see `GenerativeModel`.
        generator_ab: `keras.Model` from images of A `[B, height, width, channels_a]` to images
            of B `[B, height, width, channels_b]`, both in [-1, 1].
        generator_ba: `keras.Model` from images of B to images of A.
        discriminator_a: `keras.Model` from images of A to logits `[B, 1]` or a map of them.
        discriminator_b: `keras.Model` from images of B to logits.

    Call arguments:
        images: `[B, height, width, channels_a]` in [-1, 1]. Returns their translations to B.

    Raises:
        UserInputError: a network that is no built `keras.Model` of one input and one output or
            does not fit the images, one network in two places, a discriminator that ends in a
            sigmoid or softmax, or an identity loss between domains of different channels.

    Example:

    ```python
    model = CycleGAN(image_size=32, filters=16, num_blocks=2, discriminator_filters=16)
    model.compile(CycleGAN.recipe(constant_images=50_000, decay_images=50_000))
    model.fit(images_a, images_b, batch_size=4)
    night = model.translate(day, "a_to_b")
    ```
    """

    presets = PRESETS
    network_arguments = ("generator_ab", "generator_ba", "discriminator_a", "discriminator_b")
    draws_examples = True

    def __init__(
        self,
        image_size=None,
        channels_a: int | None = None,
        channels_b: int | None = None,
        filters: int = 64,
        num_blocks: int | None = None,
        num_downsamplings: int = 2,
        translator_norm: str = "instance",
        discriminator_filters: int = 64,
        discriminator_layers: int = 3,
        cycle_weight: float = 10.0,
        identity_weight: float = 5.0,
        pool_size: int = 50,
        norm_bias: bool = False,
        activation: str = "relu",
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
        generator_ab: keras.Model | None = None,
        generator_ba: keras.Model | None = None,
        discriminator_a: keras.Model | None = None,
        discriminator_b: keras.Model | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        given = {
            "generator_ab": generator_ab,
            "generator_ba": generator_ba,
            "discriminator_a": discriminator_a,
            "discriminator_b": discriminator_b,
        }
        self.take_networks(**given)
        given = {role: network for role, network in given.items() if network is not None}
        _check_networks(given)
        shapes = _image_shapes(image_size, channels_a, channels_b, given)
        _check_fit(given, shapes)
        *size, channels_a = shapes["a"]
        channels_b = shapes["b"][2]
        number("cycle_weight", cycle_weight, 0, 1e9)
        number("identity_weight", identity_weight, 0, 1e9)
        if identity_weight and channels_a != channels_b:
            raise UserInputError(
                "The identity loss shows each generator images of its target domain, which "
                f"needs equal channels. Received channels_a={channels_a}, "
                f"channels_b={channels_b}, identity_weight={identity_weight}. "
                "Set identity_weight=0."
            )
        if num_blocks is None:
            num_blocks = 9 if min(size) >= 256 else 6
        self.domain_shapes = {"a": (*size, channels_a), "b": (*size, channels_b)}
        self.cycle_weight, self.identity_weight = cycle_weight, identity_weight
        self._arguments = {
            "image_size": size,
            "channels_a": channels_a,
            "channels_b": channels_b,
            "filters": filters,
            "num_blocks": num_blocks,
            "num_downsamplings": num_downsamplings,
            "translator_norm": translator_norm,
            "discriminator_filters": discriminator_filters,
            "discriminator_layers": discriminator_layers,
            "cycle_weight": cycle_weight,
            "identity_weight": identity_weight,
            "pool_size": pool_size,
            "norm_bias": norm_bias,
            "activation": activation,
        }
        translator = dict(
            filters=filters,
            num_blocks=num_blocks,
            num_downsamplings=num_downsamplings,
            norm=translator_norm,
            norm_bias=norm_bias,
            activation=activation,
        )
        patchgan = dict(
            filters=discriminator_filters, num_layers=discriminator_layers, norm_bias=norm_bias
        )
        self.generator_ab = generator_ab or resnet_translator(
            size, channels_a, channels_b, name="generator_ab", **translator
        )
        self.generator_ba = generator_ba or resnet_translator(
            size, channels_b, channels_a, name="generator_ba", **translator
        )
        self.discriminator_a = discriminator_a or patchgan_discriminator(
            size, channels_a, name="discriminator_a", **patchgan
        )
        self.discriminator_b = discriminator_b or patchgan_discriminator(
            size, channels_b, name="discriminator_b", **patchgan
        )
        self.pool_a = HistoryPool(pool_size, (*size, channels_a), name="pool_a")
        self.pool_b = HistoryPool(pool_size, (*size, channels_b), name="pool_b")
        self.adversarial_loss = LeastSquares()
        self.declare_player("generators", "generator_ab", "generator_ba", served=True)
        self.declare_player("discriminators", "discriminator_a", "discriminator_b")
        self.declare_state("pool_a", "pool_b")

    @staticmethod
    def recipe(
        constant_images: int | None = None,
        decay_images: int | None = None,
        learning_rate: float = 2e-4,
    ) -> dict[str, keras.optimizers.Optimizer]:
        """Returns the paper's optimizers: Adam, constant and then linearly falling to zero.

        Args:
            constant_images: int. Images of one domain seen before the decay (100 epochs in the
                paper). None: no decay, which is not the paper's; its length depends on the data.
            decay_images: int. Images over which the rate falls (100 epochs in the paper).
            learning_rate: float. Defaults to 2e-4.
        """
        if constant_images is not None:
            learning_rate = ConstantThenLinear(learning_rate, constant_images, decay_images)
        return {
            player: keras.optimizers.Adam(learning_rate, beta_1=0.5, beta_2=0.999, epsilon=1e-8)
            for player in ("generators", "discriminators")
        }

    def batch_spec(self):
        return tuple({name: Image(*shape)} for name, shape in self.domain_shapes.items())

    def default_optimizers(self):
        """Returns the paper's Adam without its decay: see `recipe`."""
        return self.recipe()

    # === Algorithm ===

    def train_step(self, batch):
        a, b = batch["a"], batch["b"]
        fake_a, fake_b = self.update("generators", self.generators_loss, a, b)
        fake_a = self.from_history("pool_a", fake_a)
        fake_b = self.from_history("pool_b", fake_b)
        self.update("discriminators", self.discriminators_loss, a, b, fake_a, fake_b)
        return self.step_logs()

    def from_history(self, pool: str, fakes):
        """Exchanges fakes with the history; every replica makes the same update of it."""
        if not self.is_training_step:
            return fakes
        coins = self.gather(self.noise(f"{pool}_coins", (2,), "uniform"))
        return self.local_part(getattr(self, pool).query(self.gather(fakes), coins))

    def generators_loss(self, a, b, training=True):
        """The whole objective of both generators, and the fakes that it made.

        Args:
            a: `[B, H, W, channels_a]` in [-1, 1].
            b: `[B, H, W, channels_b]` in [-1, 1].
            training: bool. Mode of the networks.
        """
        g_ab, g_ba = self.generator_ab, self.generator_ba
        fake_b = g_ab(a, training=training)
        fake_a = g_ba(b, training=training)
        # The authors halve the discriminators' squares and not the generators'; LeastSquares
        # halves both.
        adversarial = self.adversarial_loss.generator
        terms = {
            "adversarial_a": 2 * adversarial(self.discriminator_a(fake_a, training=training)),
            "adversarial_b": 2 * adversarial(self.discriminator_b(fake_b, training=training)),
            "cycle_a": self.cycle_weight * l1(a, g_ba(fake_b, training=training)),
            "cycle_b": self.cycle_weight * l1(b, g_ab(fake_a, training=training)),
        }
        if self.identity_weight:
            terms["identity_a"] = self.identity_weight * l1(a, g_ba(a, training=training))
            terms["identity_b"] = self.identity_weight * l1(b, g_ab(b, training=training))
        return Loss(terms, outputs=(fake_a, fake_b))

    def discriminators_loss(self, a, b, fake_a, fake_b, training=True):
        """Both discriminators' losses on real images and on fakes of the history."""
        terms, monitors = {}, {}
        for domain, discriminator, real, fake in (
            ("a", self.discriminator_a, a, tf.stop_gradient(fake_a)),
            ("b", self.discriminator_b, b, tf.stop_gradient(fake_b)),
        ):
            real_logits = discriminator(real, training=training)
            fake_logits = discriminator(fake, training=training)
            losses = self.adversarial_loss.discriminator(real_logits, fake_logits)
            terms |= {f"{name}_{domain}": term for name, term in losses.items()}
            monitors[f"real_score_{domain}"] = real_logits
            monitors[f"fake_score_{domain}"] = fake_logits
        return Loss(terms, monitors)

    # === Config ===

    def get_config(self):
        return {**super().get_config(), **self._arguments}


# The domain that each network takes and, for the generators, the one that it makes.
_ROLES = {
    "generator_ab": ("a", "b"),
    "generator_ba": ("b", "a"),
    "discriminator_a": ("a", None),
    "discriminator_b": ("b", None),
}


def _check_networks(given):
    for role, network in given.items():
        shapes = [network.input_shape]
        if _ROLES[role][1] is None:
            check_gives_logits(role, network)
        else:
            shapes.append(network.output_shape)
        if any(len(shape) != 4 or shape[-1] is None for shape in shapes):
            raise UserInputError(
                "Images have shape (batch, height, width, channels), of known channels. "
                f"{role} takes {network.input_shape} and gives {network.output_shape}."
            )


def _image_shapes(image_size, channels_a, channels_b, given):
    """Shapes by domain: as asked for, else as the given networks have them, else the paper's."""
    seen = {"a": [], "b": []}
    for role, network in given.items():
        takes, makes = _ROLES[role]
        seen[takes].append(network.input_shape[1:])
        if makes:
            seen[makes].append(network.output_shape[1:])
    height, width = (
        _first_known(side, *(shape[axis] for shape in seen["a"] + seen["b"]), 256)
        for axis, side in enumerate(height_and_width(image_size))
    )
    return {
        domain: (height, width, _first_known(channels, *(shape[2] for shape in seen[domain]), 3))
        for domain, channels in (("a", channels_a), ("b", channels_b))
    }


def _first_known(*sizes):
    return next(size for size in sizes if size is not None)


def _check_fit(given, shapes):
    for role, network in given.items():
        takes, makes = _ROLES[role]
        _check_shape(role, "takes", network.input_shape[1:], takes, shapes[takes])
        if makes:
            made = network.compute_output_shape((None, *shapes[takes]))[1:]
            _check_shape(role, "makes", made, makes, shapes[makes])


def _check_shape(role, does, found, domain, expected):
    if any(size not in (None, want) for size, want in zip(found, expected, strict=True)):
        raise UserInputError(
            f"{role} {does} images of shape {tuple(found)}, and those of domain "
            f"{domain.upper()} are {expected}, by the arguments and the other networks. Build all "
            "networks for the same images; domains may differ in channels alone."
        )
