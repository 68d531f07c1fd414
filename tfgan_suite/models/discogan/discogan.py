"""Relations between two domains, discovered from unpaired examples."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tfgan_suite.data.options import number, one_of, whole_number
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Image, Point
from tfgan_suite.losses.adversarial import NonSaturating
from tfgan_suite.losses.per_example import mean_per_example
from tfgan_suite.losses.reconstruction import l2
from tfgan_suite.models.discogan.networks import encoder_decoder, with_features
from tfgan_suite.models.discogan.presets import PRESETS
from tfgan_suite.models.registry import register
from tfgan_suite.models.two_way import TwoWayTranslation
from tfgan_suite.networks import dcgan_discriminator, mlp_discriminator, mlp_generator
from tfgan_suite.training import GenerativeModel, Loss

OBJECTIVES = ("paper", "code")
RELATIONS = ("discogan", "recongan", "gan")
_SHARE_OF_SCORES = 0.1  # of the adversarial loss in the authors' code; the rest matches features
_MATCHED = 3  # layers, the last ones before the logit


@register("discogan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class DiscoGAN(TwoWayTranslation, GenerativeModel):
    """Two translators between unpaired domains, each of which the other one has to undo.

    Source: [Kim et al., 2017](https://arxiv.org/abs/1703.05192). A batch has the fields "a" and
    "b", images or points.

    Args:
        image_size: int. 4 doubled two to five times.
        channels_a, channels_b: int. Channels of the domains.
        point_size: int or None. Dimensions of points, in the place of images. None: images.
        filters: int. Channels of the first layer of all networks for images.
        code_size: int or None. See `networks.encoder_decoder`.
        hidden_units, discriminator_hidden_units: ints. Dense layers of the networks for points.
        objective: `"paper"`: adversarial loss and reconstruction, each of weight 1. `"code"`: the
            authors' code, `(1 - r) (0.1 adversarial + 0.9 feature matching) + r reconstruction`,
            and D's losses halved.
        relation: `"discogan"`: both directions. `"recongan"`: A to B and back. `"gan"`: A to B
            alone. The last two are the paper's controls.
        start_rate, rate: float in [0, 1]. r of the code's objective, before and after
            `curriculum_images`.
        curriculum_images: int. Images of a domain seen before r becomes `rate`.
        discriminator_every: int k. With k > 1 each k-th step moves the discriminators and the
            others the generators (the code: 3); 1: every step moves both.
        matching_group_size: int or None. Consecutive examples whose mean features are compared;
            None: all of a device's batch, so that the loss depends on the number of devices.
        weight_decay: float. Of all weights, as PyTorch's Adam has it: half of it times the squared
            weights is minimised.
        batch_norm_group_size: int or None. See `DCGAN`.
        ema_half_life, seed, name: see `GenerativeModel`.

    Call arguments:
        inputs: `[B, ...]` of domain A. Returns their translations to B.

    Raises:
        UserInputError: on an argument that the networks cannot be built with.

    Example:

    ```python
    model = DiscoGAN(point_size=2)
    model.compile()
    points_a = np.random.default_rng(0).normal(size=(400, 2)).astype("float32")
    model.fit(points_a, points_a + 5, batch_size=200)
    found = model.translate(points_a, "a_to_b")
    ```
    """

    presets = PRESETS
    draws_examples = True

    def __init__(
        self,
        image_size: int = 64,
        channels_a: int = 3,
        channels_b: int = 3,
        point_size: int | None = None,
        filters: int = 64,
        code_size: int | None = None,
        hidden_units: Sequence[int] = (128, 128),
        discriminator_hidden_units: Sequence[int] = (128, 128, 128, 128),
        objective: str = "paper",
        relation: str = "discogan",
        start_rate: float = 0.01,
        rate: float = 0.5,
        curriculum_images: int = 0,
        discriminator_every: int = 1,
        matching_group_size: int | None = None,
        weight_decay: float = 0.0,
        batch_norm_group_size: int | None = None,
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(seed=seed, ema_half_life=ema_half_life, name=name)
        one_of("objective", objective, OBJECTIVES)
        one_of("relation", relation, RELATIONS)
        number("start_rate", start_rate, 0, 1)
        number("rate", rate, 0, 1)
        number("weight_decay", weight_decay, 0, 1e3)
        whole_number("curriculum_images", curriculum_images, 0)
        whole_number("discriminator_every", discriminator_every, 1)
        for argument, value in {
            "channels_a": channels_a,
            "channels_b": channels_b,
            "filters": filters,
        }.items():
            whole_number(argument, value, 1)
        if code_size is not None:
            whole_number("code_size", code_size, 1)
        for argument, units in {
            "hidden_units": hidden_units,
            "discriminator_hidden_units": discriminator_hidden_units,
        }.items():
            if not isinstance(units, Sequence) or not units:
                raise UserInputError(
                    f"{argument} must be a list of one or more whole numbers, such as [128, 128], "
                    f"not {units!r}."
                )
            for unit in units:
                whole_number(f"Each of {argument}", unit, 1)
        self.arguments = {
            "image_size": image_size,
            "channels_a": channels_a,
            "channels_b": channels_b,
            "point_size": point_size,
            "filters": filters,
            "code_size": code_size,
            "hidden_units": list(hidden_units),
            "discriminator_hidden_units": list(discriminator_hidden_units),
            "objective": objective,
            "relation": relation,
            "start_rate": start_rate,
            "rate": rate,
            "curriculum_images": curriculum_images,
            "discriminator_every": discriminator_every,
            "matching_group_size": matching_group_size,
            "weight_decay": weight_decay,
            "batch_norm_group_size": batch_norm_group_size,
        }
        if matching_group_size is not None:
            whole_number("matching_group_size", matching_group_size, 1)
        self.objective, self.relation = objective, relation
        self.matching_group_size = matching_group_size
        if point_size is None:
            size = (image_size, image_size)
            self.domain_shapes = {"a": (*size, channels_a), "b": (*size, channels_b)}
        else:
            whole_number("point_size", point_size, 1)
            self.domain_shapes = {"a": (point_size,), "b": (point_size,)}
        # Squared differences of images count as those of images in [0, 1], the authors' range.
        self.reconstruction_weight = 1.0 if point_size else 0.25
        self.adversarial_loss = NonSaturating()
        self.generator_ab = self._make_generator("a", "b")
        self.generator_ba = self._make_generator("b", "a")
        self.discriminator_a = self._make_discriminator("a")
        self.discriminator_b = self._make_discriminator("b")
        for role in ("generator_ab", "generator_ba", "discriminator_a", "discriminator_b"):
            for variable in getattr(self, role).trainable_variables if weight_decay else ():
                variable.regularizer = keras.regularizers.L2(weight_decay / 2)
        self.declare_player("generators", "generator_ab", "generator_ba", served=True)
        self.declare_player("discriminators", "discriminator_a", "discriminator_b")

    def _make_generator(self, takes, makes):
        name = f"generator_{takes}{makes}"
        (*_, inputs), (*_, outputs) = self.domain_shapes[takes], self.domain_shapes[makes]
        if self.arguments["point_size"]:
            return mlp_generator(
                (outputs,),
                latent_size=inputs,
                hidden_units=self.arguments["hidden_units"],
                output_activation=None,
                name=name,
            )
        arguments = ("image_size", "filters", "code_size", "batch_norm_group_size")
        return encoder_decoder(
            channels_in=inputs,
            channels_out=outputs,
            name=name,
            **{argument: self.arguments[argument] for argument in arguments},
        )

    def _make_discriminator(self, domain):
        name, shape = f"discriminator_{domain}", self.domain_shapes[domain]
        if self.arguments["point_size"]:
            units = self.arguments["discriminator_hidden_units"]
            network = mlp_discriminator(shape, hidden_units=units, name=name)
            hidden = [f"hidden_{number}" for number in range(len(units))]
        else:
            arguments = ("image_size", "filters", "batch_norm_group_size")
            network = dcgan_discriminator(
                channels=shape[-1],
                kernel_size=4,
                name=name,
                **{argument: self.arguments[argument] for argument in arguments},
            )
            hidden = [layer.name for layer in network.layers if "leaky_relu" in layer.name]
        return with_features(network, hidden[-_MATCHED:])

    def batch_spec(self):
        field = Point if self.arguments["point_size"] else Image
        return tuple({name: field(*shape)} for name, shape in self.domain_shapes.items())

    def default_optimizers(self):
        """Returns the authors' Adam, 2e-4 with beta_1 0.5."""
        return {
            player: keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.999, epsilon=1e-8)
            for player in ("generators", "discriminators")
        }

    # === Algorithm ===

    def train_step(self, batch):
        a, b, k = batch["a"], batch["b"], self.arguments["discriminator_every"]
        discriminators_move = self.every(k) if k > 1 else None
        generators_move = tf.logical_not(discriminators_move) if k > 1 else None
        self.update("discriminators", self.discriminators_loss, a, b, when=discriminators_move)
        rate = self.reconstruction_rate()
        self.update("generators", self.generators_loss, a, b, rate, when=generators_move)
        return self.step_logs()

    def reconstruction_rate(self):
        """r of the code's objective now: float32 scalar tensor."""
        is_late = self.images_seen.value >= self.arguments["curriculum_images"]
        return tf.where(is_late, self.arguments["rate"], self.arguments["start_rate"])

    def discriminators_loss(self, a, b, training=True):
        """-log D(real) - log(1 - D(fake)) in each domain that is translated to."""
        weight = 0.5 if self.objective == "code" else 1.0
        terms, scores = {}, {}
        for domain, discriminator, generator, source, real in self._translated_to(a, b):
            fake = tf.stop_gradient(generator(source, training=training))
            real_logits = discriminator(real, training=training)[0]
            fake_logits = discriminator(fake, training=training)[0]
            losses = self.adversarial_loss.discriminator(real_logits, fake_logits)
            terms |= {f"{name}_{domain}": weight * term for name, term in losses.items()}
            scores |= {f"real_score_{domain}": real_logits, f"fake_score_{domain}": fake_logits}
        return Loss(terms, scores)

    def generators_loss(self, a, b, rate, training=True):
        """Fool D, match its mean features, be undone by the other generator.

        Args:
            a, b: `[B, ...]`.
            rate: scalar in [0, 1], r of the code's objective.
            training: bool. Mode of the networks.
        """
        by_code = self.objective == "code"
        if self.relation == "gan":
            rate = 0.0
        fooling, undoing = (1 - rate, rate) if by_code else (1.0, 1.0)
        back = {"b": self.generator_ba, "a": self.generator_ab}
        terms = {}
        for domain, discriminator, generator, source, real in self._translated_to(a, b):
            fake = generator(source, training=training)
            logits, *features = discriminator(fake, training=training)
            adversarial = fooling * self.adversarial_loss.generator(logits)
            if by_code:
                real_features = discriminator(real, training=training)[1:]
                matching = self.feature_matching(real_features, features)
                terms[f"matching_{domain}"] = (1 - _SHARE_OF_SCORES) * fooling * matching
                adversarial *= _SHARE_OF_SCORES
            terms[f"adversarial_{domain}"] = adversarial
            if self.relation != "gan":
                other = "a" if domain == "b" else "b"
                again = back[domain](fake, training=training)
                weight = self.reconstruction_weight * undoing
                terms[f"reconstruction_{other}"] = weight * l2(source, again)
        return Loss(terms)

    def feature_matching(self, real_features, fake_features):
        """Squared differences of mean features, summed over layers: `[B]`, equal in a group.

        Args:
            real_features, fake_features: lists of `[B, ...]`, one for each layer.
        """
        total = 0.0
        for real, fake in zip(real_features, fake_features, strict=True):
            num = self.matching_group_size or tf.shape(real)[0]
            if real.shape[0] is not None and real.shape[0] % (self.matching_group_size or 1):
                raise UserInputError(
                    f"matching_group_size={num} does not divide the batch of a device, "
                    f"{real.shape[0]}."
                )
            difference = tf.cast(real, tf.float32) - tf.cast(fake, tf.float32)
            groups = tf.reshape(difference, [-1, num, *difference.shape[1:]])
            squares = mean_per_example(tf.reduce_mean(groups, axis=1) ** 2)
            total += tf.repeat(squares, num)
        return total

    def _translated_to(self, a, b):
        to_b = ("b", self.discriminator_b, self.generator_ab, a, b)
        to_a = ("a", self.discriminator_a, self.generator_ba, b, a)
        return (to_b, to_a) if self.relation == "discogan" else (to_b,)

    def get_config(self):
        return {**super().get_config(), **self.arguments}
